import type { SealedRule } from './rule.js';
import { doorbellOverlap } from './doorbell-overlap.js';
import { apertureExceeded } from './aperture-exceeded.js';
import { attachRefused } from './attach-refused.js';
import { directMappedDevice } from './direct-mapped-device.js';
import { deviceReach } from './device-reach.js';
import { guestWidth } from './guest-width.js';
import { hostWidth } from './host-width.js';
import { memlockLimit } from './memlock-limit.js';
import { slotLimit } from './slot-limit.js';
import { slotTooLarge } from './slot-too-large.js';
import { slotUnaligned } from './slot-unaligned.js';
import { viommuWidth } from './viommu-width.js';
import { hostFactsMissing } from './host-facts-missing.js';
import { hotplugDevice } from './hotplug-device.js';
import { hotplugMapLimit } from './hotplug-map-limit.js';
import { hotplugMemory } from './hotplug-memory.js';
import { hotplugWindow } from './hotplug-window.js';
import { mapBisect } from './map-bisect.js';
import { mapLimit } from './map-limit.js';
import { mapMissing } from './map-missing.js';
import { mapOutside } from './map-outside.js';
import { mapOverlap } from './map-overlap.js';
import { mapUnaligned } from './map-unaligned.js';
import { regionOverlap } from './region-overlap.js';
import { reservedOverlap } from './reserved-overlap.js';
import { undeclaredDmaHole } from './undeclared-dma-hole.js';
import { backingOverlap } from './backing-overlap.js';
import { backingSize } from './backing-size.js';
import { barUnmappable } from './bar-unmappable.js';
import { p2pOverlap } from './p2p-overlap.js';
import { sectionSkipped } from './section-skipped.js';
import { barMisaligned } from './bar-misaligned.js';
import { blockUnsupported } from './block-unsupported.js';
import { mapsMergeable } from './maps-mergeable.js';
import { windowTooSmall } from './window-too-small.js';
import { hostMemoryOverlap } from './host-memory-overlap.js';
import { hugepagePool } from './hugepage-pool.js';
import { hugepageWaste } from './hugepage-waste.js';
import { phaseMismatch } from './phase-mismatch.js';
import { backingTooSmall } from './backing-too-small.js';
import { baseMisaligned } from './base-misaligned.js';
import { sizeMisaligned } from './size-misaligned.js';
import { blockSplit } from './block-split.js';
import { syntax } from './syntax.js';
import { unknownName } from './unknown-name.js';
import { duplicateName } from './duplicate-name.js';
import { typeMismatch } from './type-mismatch.js';
import { valueRange } from './value-range.js';
import { cycle } from './cycle.js';
import { importMissing } from './import-missing.js';
import { unitLoose } from './unit-loose.js';
import { unusedConst } from './unused-const.js';
import { unusedBacking } from './unused-backing.js';
import { propertyLost } from './property-lost.js';
import { valueMissing } from './value-missing.js';
import { waiverExpired } from './waiver-expired.js';
import { waiverExpiring } from './waiver-expiring.js';
import { waiverUnused } from './waiver-unused.js';

/** Every rule, in the order in which findings at one place are told: the more specific before the more general. */
export const RULES: readonly SealedRule[] = [
  doorbellOverlap,
  reservedOverlap,
  p2pOverlap,
  apertureExceeded,
  guestWidth,
  hostWidth,
  deviceReach,
  undeclaredDmaHole,
  regionOverlap,
  mapOverlap,
  backingOverlap,
  hostMemoryOverlap,
  mapOutside,
  mapUnaligned,
  slotUnaligned,
  slotTooLarge,
  phaseMismatch,
  backingTooSmall,
  baseMisaligned,
  sizeMisaligned,
  blockSplit,
  mapsMergeable,
  blockUnsupported,
  barMisaligned,
  backingSize,
  hugepageWaste,
  hugepagePool,
  mapLimit,
  memlockLimit,
  slotLimit,
  mapMissing,
  directMappedDevice,
  attachRefused,
  barUnmappable,
  sectionSkipped,
  windowTooSmall,
  viommuWidth,
  hotplugDevice,
  hotplugMemory,
  hotplugWindow,
  hotplugMapLimit,
  mapBisect,
  hostFactsMissing,
  syntax,
  unknownName,
  duplicateName,
  typeMismatch,
  valueRange,
  cycle,
  importMissing,
  unitLoose,
  unusedConst,
  unusedBacking,
  propertyLost,
  valueMissing,
  waiverExpired,
  waiverExpiring,
  waiverUnused,
];
