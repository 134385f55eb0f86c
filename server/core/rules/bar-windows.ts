import type { Plan } from '../dma/plan.js';
import { habitsOf } from '../dma/vmm-habits.js';
import { contains, type Range } from '../layout/intervals.js';
import type { Region } from '../layout/model.js';

/** A window for BARs, and where it lies. */
export interface BarWindow {
  readonly window: Region;
  readonly range: Range;
}

/**
 * Windows into which the guest puts BARs that its VMM then maps for DMA. BARs that are placed are told by themselves, and of a VMM
 * that maps none nothing is.
 */
export function openWindows({ vm, attachedAtBoot, contract }: Plan): BarWindow[] {
  if (!attachedAtBoot || vm.maps.length > 0 || !habitsOf(vm.vmm).bars || contract !== 'type1') return [];
  return vm.regions.flatMap((window): BarWindow[] => {
    const { kind, purpose, range } = window;
    if (kind !== 'window' || purpose === 'memory' || !range) return [];
    return vm.regions.some((bar) => bar.kind === 'bar' && bar.range && contains(range, bar.range)) ? [] : [{ window, range }];
  });
}
