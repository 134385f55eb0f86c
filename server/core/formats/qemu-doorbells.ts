import { rangeOf, sizeOf, type Range } from '../layout/intervals.js';
import type { FlatSection } from './qemu-mtree.js';

/** Where devices of the guest write to raise an interrupt, inside a region of registers. */
export interface Doorbell {
  readonly name: string;
  readonly range: Range;
  /** The register, or what the whole range is, in the words of its specification. */
  readonly about: string;
}

/** The doorbell that `section` holds, told by the name QEMU gives it; `before` is the section below it. */
export function doorbellIn(section: FlatSection, before: FlatSection | undefined): Doorbell | undefined {
  if (section.type !== 'i/o') return undefined;
  return itsDoorbell(section, before) ?? namedDoorbell(section);
}

/**
 * The translation frame of a GICv3 ITS is its second 64 KiB; GITS_TRANSLATER lies 0x40 into it, 0x10040 from the start
 * of the ITS (Linux include/linux/irqchip/arm-gic-v3.h). QEMU calls the frames `control` and `translation`
 * (hw/intc/arm_gicv3_its_common.c), names that alone would say too little.
 */
function itsDoorbell(section: FlatSection, before: FlatSection | undefined): Doorbell | undefined {
  const isFrame =
    section.region === 'translation' && before?.region === 'control' && before.range.end === section.range.base;
  if (!isFrame || section.offset !== 0n) return undefined;
  return inside(section, 0x40n, 4n, 'its_doorbell', 'GITS_TRANSLATER');
}

function namedDoorbell(section: FlatSection): Doorbell | undefined {
  if (section.offset !== 0n) return undefined;
  switch (section.region) {
    case 'gicv3_its':
      return inside(section, 0x1_0040n, 4n, 'its_doorbell', 'GITS_TRANSLATER');
    case 'gicv2m':
      return inside(section, 0x40n, 4n, 'v2m_doorbell', 'V2M_MSI_SETSPI_NS');
    case 'apic-msi':
    case 'kvm-apic-msi':
      return inside(section, 0n, sizeOf(section.range), 'msi_doorbell', 'MSI window of the local APICs');
    case 'riscv.imsic':
      return inside(section, 0n, sizeOf(section.range), 'imsic_doorbell', 'interrupt files of one hart');
    case 'loongarch_pch_msi':
      return inside(section, 0n, sizeOf(section.range), 'pch_msi_doorbell', 'PCH-MSI');
    default:
      return undefined;
  }
}

function inside(section: FlatSection, offset: bigint, size: bigint, name: string, about: string): Doorbell | undefined {
  if (offset + size > sizeOf(section.range)) return undefined;
  return { name, range: rangeOf(section.range.base + offset, size), about };
}
