import { guestAbi } from '../fleet/guest-abi.js';
import type { CheckResult } from '../rules/check.js';

/**
 * The ABI of a layout as lines to keep beside it: what a running guest, or the stream of a migration, depends on. Sorted,
 * so that moving text about changes nothing.
 */
export function snapshotOf({ vms }: CheckResult): string {
  const lines = vms.flatMap(({ vm, host }) => [...guestAbi(vm)].map(([thing, value]) => `vm ${vm.name}${isOnSeveral(vm.name, vms) ? ` on ${host?.name}` : ''}: ${thing}: ${value}`));
  return `${HEAD}\n${[...new Set(lines)].sort().join('\n')}\n`;
}

const HEAD = '# What guests and migrations depend on. Written by `vmlayout snapshot --write`; reviewed like code.';

const isOnSeveral = (name: string, vms: CheckResult['vms']): boolean => vms.filter(({ vm }) => vm.name === name).length > 1;

/** Lines that only one of two snapshots has: `- …` of the kept one, `+ …` of the new one. */
export function snapshotChanges(kept: string, now: string): string[] {
  const [old, fresh] = [kept, now].map((text) => text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#'))) as [string[], string[]];
  const [had, has] = [new Set(old), new Set(fresh)];
  return [...old.filter((line) => !has.has(line)).map((line) => `- ${line}`), ...fresh.filter((line) => !had.has(line)).map((line) => `+ ${line}`)].sort((left, right) => (left.slice(2) < right.slice(2) ? -1 : 1));
}
