import { RULES } from '../rules/catalogue.js';
import { freshAtTop, namesAtTop, type SnippetPlace } from './snippet-place.js';
import { stop, type Snippet } from './snippet-text.js';

export const policySnippets = (place: SnippetPlace): Snippet[] => [{
  label: 'policy with levels and a requirement',
  body: `policy ${stop(1, freshAtTop('production', place, 'policies'))} {\n  deny ${stop(2, 'doorbell-overlap, region-overlap')}\n  warn ${stop(3, 'phase-mismatch')}\n  require aligned(r, ${stop(4, '2 MiB', '1 GiB')}) for r in ram because "${stop(5, 'the guest uses huge pages')}"$0\n}`,
}];

/** Statements of a policy; a vm may require as well, and waives with `allow` at its regions. */
export const statementsOf = (owner: 'policy' | 'vm', place: SnippetPlace): Snippet[] => [
  { label: 'require of each region', body: `require ${stop(1, 'no-wx')}: ${stop(2, 'not (r.write and r.execute)')} for r in ${stop(3, 'ram', 'rom', 'mmio', 'region')} because "${stop(4, 'nothing writable is executed')}"$0` },
  { label: 'prefer large leaves', body: `prefer m.coverage(${stop(1, '2 MiB', '1 GiB')}) >= ${stop(2, '90%')} for m in map because "${stop(3, 'TLB reach of the NIC')}"$0` },
  ...(owner === 'policy' ? [{ label: 'allow … on … because … until', body: waiver(place, onPath(place)) }] : []),
];

/** Waives what has been found in the file, or else any rule, for a reason and until a day. */
export function waiver({ file, today }: SnippetPlace, on: string): string {
  const found = [...new Set(file.result.findings.filter(({ rule }) => IS_RULE.has(rule)).map(({ rule }) => rule))].slice(0, MOST_RULES);
  const until = today === undefined ? '' : ` until ${stop(4, monthsAfter(today, 6))}`;
  return `allow ${stop(1, ...(found.length > 0 ? found : ['block-split', 'hotplug-device', 'phase-mismatch']))}${on} because "${stop(3, 'why it does no harm')}"${until}$0`;
}

const MOST_RULES = 12;
const IS_RULE: ReadonlySet<string> = new Set(RULES.filter(({ group }) => group !== 'language').map(({ name }) => name));

/** ` on web.low`: each vm of the file, and what is in the first. */
function onPath(place: SnippetPlace): string {
  const { evaluator } = place.around;
  const vms = namesAtTop('vm', place);
  const members = vms.slice(0, 1).flatMap((source) => evaluator.elementOf(source).children.filter(({ keyword, name }) => name !== '' && (keyword === 'ram' || keyword === 'rom' || keyword === 'map' || keyword === 'assign')));
  const paths = [...vms.map(({ declaration: { name } }) => (name?.kind === 'word' ? name.text : '')), ...members.map(({ name, parent }) => `${parent?.name}.${name}`)].filter((path) => path !== '');
  return paths.length > 0 ? ` on ${stop(2, ...new Set(paths.slice(0, MOST_RULES)))}` : '';
}

/** A date some months later, on a day that every month has. */
export function monthsAfter(date: string, months: number): string {
  const [year = 0, month = 1, day = 1] = date.split('-').map(Number);
  const count = year * 12 + month - 1 + months;
  const two = (number: number): string => `${number}`.padStart(2, '0');
  return `${Math.floor(count / 12)}-${two((count % 12) + 1)}-${two(Math.min(day, 28))}`;
}
