import { EXPORT_FORMATS, exportLayout, type ExportFormatName, type ExportResult } from '../formats/export/index.js';
import { mapOf } from '../map/from-plan.js';
import { svgPicture } from '../map/picture.js';
import type { CheckedVm } from '../rules/parts.js';
import type { Finding } from '../rules/rule.js';
import { mapMarkdown } from './map-markdown.js';

/** Formats that draw findings, too, and so aren't of the layout alone. */
const PICTURES = [
  { name: 'markdown', about: 'the memory map as tables' },
  { name: 'svg', about: 'the memory map as a picture' },
] as const;

export type WrittenFormat = ExportFormatName | (typeof PICTURES)[number]['name'];

/** All that a vm can be written as, in the order in which it is offered. */
export const WRITTEN_FORMATS: readonly { readonly name: WrittenFormat; readonly about: string }[] = [...EXPORT_FORMATS, ...PICTURES];

/** Writes a vm on a host; `path` is what the text calls the file that it is from. */
export function writeVm(format: WrittenFormat, { vm, host, plan, evaluator }: CheckedVm, path: string, findings: readonly Finding[]): ExportResult {
  if (format === 'markdown') return { text: mapMarkdown([mapOf(vm, plan, findings)]), notes: [] };
  if (format === 'svg') return { text: svgPicture([{ models: [mapOf(vm, plan, findings)] }], { scale: 'compressed' }), notes: [] };
  return exportLayout(format, { vm, host, plan, evaluator, path });
}
