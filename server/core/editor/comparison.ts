import { compareStances, type Comparison } from '../dma/compare.js';
import type { CheckedVm } from '../rules/parts.js';
import type { EditorFile } from './editor-file.js';

/** The stances of the vm at an offset side by side, on each of its hosts; of all vms where none stands there. */
export function comparisonsAt(file: EditorFile, offset: number): Comparison[] {
  const { vms } = file.result;
  const here = vms.filter((vm) => isAt(vm, file, offset));
  return (here.length > 0 ? here : vms).flatMap(({ vm, host }) => (host ? [compareStances(vm, host)] : []));
}

function isAt({ vm }: CheckedVm, { document, path }: EditorFile, offset: number): boolean {
  const { origin } = vm.element;
  const start = document.starts[document.items.indexOf(origin.item)];
  return origin.path === path && start !== undefined && start <= offset && offset <= start + origin.item.text.length;
}
