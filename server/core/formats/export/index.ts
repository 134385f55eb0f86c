import { exportC } from './c.js';
import { exportDts } from './dts.js';
import type { ExportResult, ExportSubject } from './export-result.js';
import { exportIommufdPlan } from './iommufd-plan.js';
import { exportJson } from './json.js';
import { exportLibvirtXml } from './libvirt-xml.js';
import { exportQemuArgs } from './qemu-args.js';
import { exportRust } from './rust.js';

export type { ExportResult, ExportSubject } from './export-result.js';

interface ExportFormat {
  readonly about: string;
  readonly write: (subject: ExportSubject) => ExportResult;
}

const FORMATS = {
  'qemu-args': { about: 'the command that starts QEMU with this RAM', write: exportQemuArgs },
  'libvirt-xml': { about: 'a libvirt domain with this RAM', write: exportLibvirtXml },
  dts: { about: 'device tree source: memory, reserved-memory, iommu-addresses', write: exportDts },
  'iommufd-plan': { about: 'the ioctls that set the plan up, as JSON, each with the kernel’s answer', write: exportIommufdPlan },
  c: { about: 'a C header with one macro for each address and size', write: exportC },
  rust: { about: 'a Rust module with one constant for each address and size', write: exportRust },
  json: { about: 'the layout itself, every expression evaluated', write: exportJson },
} satisfies Record<string, ExportFormat>;

export type ExportFormatName = keyof typeof FORMATS;

/** What a layout can be written as, in the order in which it is offered. */
export const EXPORT_FORMATS: readonly { readonly name: ExportFormatName; readonly about: string }[] = Object.entries(FORMATS).map(([name, { about }]) => ({
  name: name as ExportFormatName,
  about,
}));

/** Writes a guest in another format. The same layout gives the same text. */
export const exportLayout = (format: ExportFormatName, subject: ExportSubject): ExportResult => (FORMATS[format] as ExportFormat).write(subject);
