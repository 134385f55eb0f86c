import { formatLeaves } from '../../server/core/dma/leaves.js';
import { formatRange } from '../../server/core/layout/address.js';
import { Evaluator } from '../../server/core/layout/evaluate.js';
import { Lookup } from '../../server/core/layout/lookup.js';
import { display } from '../../server/core/layout/values.js';
import { openDocument } from '../../server/core/syntax/document.js';
import { check } from './check.js';
import { dedent } from './picture.js';

/** The only test code that knows how expressions are evaluated. */

/** What an expression comes to, as it is shown; or what is wrong with it. `around` declares what it mentions. */
export function valueOf(expression: string, around = ''): string {
  const document = openDocument(`${dedent(around)}\nconst RESULT = ${expression}\n`);
  const evaluator = new Evaluator(new Lookup({ read: () => document }));
  const source = evaluator.lookup.find('main', 'RESULT');
  if (!source) return 'no such constant';
  const value = evaluator.constant(evaluator.elementOf(source));
  const [problem] = evaluator.problems;
  if (problem) return `${problem.rule}: ${problem.message}`;
  return value.type === 'quantity' && value.unit !== 'bare' ? `${value.unit} ${display(value)}` : display(value);
}

/** Where the regions of a vm lie, and the bytes each takes: `low 0x0-0x3fffffff ram0+0x0`. */
export function regionsOf(text: string, files: ReadonlyMap<string, string> = new Map(), vmName?: string): string[] {
  const { result } = check(dedent(text), files);
  const checked = result.vms.find(({ vm }) => vmName === undefined || vm.name === vmName);
  return (checked?.vm.regions ?? []).map(({ name, range, backing, offset }) => {
    const place = range ? `0x${range.base.toString(16)}-0x${(range.end - 1n).toString(16)}` : 'unknown';
    const bytes = backing && !backing.own ? ` ${backing.name}+${offset === undefined ? 'unknown' : `0x${offset.toString(16)}`}` : '';
    return `${name} ${place}${bytes}`;
  });
}

/** What is found in a text, each as `rule: message`, without places. */
export function findingsOf(text: string, files: ReadonlyMap<string, string> = new Map()): string[] {
  return check(dedent(text), files).result.findings.map(({ rule, message }) => `${rule}: ${message}`);
}

/** The requests of a vm's plan, sorted: `low 0x0-0x3fffffff ram0+0x0 ok 1 × 1 GiB`, without names where `named` is false. */
export function planOf(text: string, vmName: string, named = true): string[] {
  const { result } = check(dedent(text));
  const plan = result.vms.find(({ vm }) => vm.name === vmName)?.plan;
  const maps = plan?.maps ?? [];
  return maps
    .map(({ name, range, offset, verdict, leaves, tables }) => `${named ? `${name} ` : ''}${formatRange(range)} ${offset} ${verdict.errno} ${formatLeaves(leaves)} ${tables.join()}`)
    .sort();
}
