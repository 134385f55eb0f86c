// A whole check: how it grows with the document, and what a key costs after it.
import { inTurns, row } from '../measure.mjs';
import { startWorker } from '../worker.mjs';

export async function measureChecking({ quick }) {
  const [small, large] = quick ? [1_000, 10_000] : [10_000, 100_000];
  const subjects = { small: ['check', small], large: ['check', large], hand: ['hand', small], key: ['recheck', small], keyLarge: ['recheck', large] };
  const workers = Object.fromEntries(
    await Promise.all(Object.entries(subjects).map(async ([name, [subject, lines]]) => [name, await startWorker(subject, { lines })])),
  );
  const runs = { small: 3, large: 1, hand: 5, key: 20, keyLarge: 20 };
  const taken = await inTurns(quick ? 6 : 11, Object.fromEntries(Object.keys(subjects).map((name) => [name, () => workers[name].run(runs[name])])));
  for (const worker of Object.values(workers)) worker.stop();
  const [few, many] = [small, large].map((lines) => lines.toLocaleString('en'));
  return [
    row('', `${few} lines parsed and checked ÷ only parsed, by hand`, taken.small, taken.hand),
    row('near linear', `${many} lines parsed and checked ÷ ten times ${few}`, taken.large, taken.small.map((time) => 10 * time), { atMost: 1.3 }),
    row('', `${few} lines parsed and checked ÷ checked again after a key`, taken.small, taken.key),
    row('G3, check', `a key in ${many} lines ÷ a key in ${few}`, taken.keyLarge, taken.key, { atMost: 2 }),
  ];
}
