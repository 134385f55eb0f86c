import { bytesInLeavesOf, formatLeaves } from '../dma/leaves.js';
import type { Plan } from '../dma/plan.js';
import { formatSize } from '../layout/address.js';
import { RULES } from '../rules/catalogue.js';
import type { Finding } from '../rules/rule.js';
import type { Change } from './change.js';

/** What became of the leaves: the largest size of which fewer bytes, or more, are held than before. */
export function leafChanges(before: Plan | undefined, after: Plan | undefined): Change[] {
  if (!before || !after) return [];
  const [old, now] = [before.totals, after.totals];
  const sizes = [...new Set([...before.format.leafSizes, ...after.format.leafSizes])].sort((left, right) => (left < right ? 1 : -1));
  const size = sizes.find((one) => bytesInLeavesOf(old.leaves, one) !== bytesInLeavesOf(now.leaves, one));
  if (size === undefined) return [];
  const [was, is] = [bytesInLeavesOf(old.leaves, size), bytesInLeavesOf(now.leaves, size)];
  // Less in large leaves because less is mapped at all is no loss.
  const lost = now.mapped - is > old.mapped - was;
  const gained = now.mapped - is < old.mapped - was;
  if (!lost && !gained) return [];
  const message = `${formatLeaves(old.leaves)} ${lost ? 'become' : 'became'} ${formatLeaves(now.leaves)}: ${formatSize(is)} in leaves of ${formatSize(size)} or more, not ${formatSize(was)}`;
  return [{ kind: lost ? 'block-size-lost' : 'block-size-gained', what: 'IOMMU tables', message, breaksMigration: false }];
}

const OVERLAPS: ReadonlySet<string> = new Set(RULES.filter(({ group }) => group === 'overlap').map(({ name }) => name));

/** Errors that are found in one of the two and not in the other. */
export function findingChanges(before: readonly Finding[], after: readonly Finding[]): Change[] {
  const errors = (all: readonly Finding[]): Finding[] => all.filter(({ level }) => level === 'error');
  return [...missingIn(errors(before), errors(after)).map((finding) => findingChange(finding, true)), ...missingIn(errors(after), errors(before)).map((finding) => findingChange(finding, false))];
}

/** The findings of `those` that `these` doesn't have. */
function missingIn(these: readonly Finding[], those: readonly Finding[]): Finding[] {
  const known = new Set(these.map(({ rule, message }) => `${rule} ${message}`));
  return those.filter(({ rule, message }) => !known.has(`${rule} ${message}`));
}

function findingChange({ rule, message, witness }: Finding, isNew: boolean): Change {
  const isReserved = OVERLAPS.has(rule) && /^(?:doorbell|reserved)-overlap$|^aperture-exceeded$/.test(rule);
  const kind = isReserved ? (isNew ? 'reserved-met' : 'reserved-left') : isNew ? 'finding-new' : 'finding-gone';
  return { kind, what: rule, message, ...(witness && (isNew ? { after: witness } : { before: witness })), breaksMigration: false };
}
