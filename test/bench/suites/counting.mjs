// What is worked out of addresses: pairs that overlap, and page-table leaves.
import { inTurns, row } from '../measure.mjs';
import { startWorker } from '../worker.mjs';

const RANGES = 100_000;
const SIZE = 2 * 1024 ** 3;

export async function measureCounting({ quick }) {
  const subjects = {
    overlaps: ['overlaps', { ranges: RANGES }],
    sorting: ['sorting', { ranges: RANGES }],
    leaves: ['leaves', { size: SIZE }],
    larger: ['leaves', { size: 1024 * SIZE }],
    loop: ['leavesOneByOne', { size: SIZE }],
  };
  const workers = Object.fromEntries(
    await Promise.all(Object.entries(subjects).map(async ([name, [subject, settings]]) => [name, await startWorker(subject, settings)])),
  );
  const runs = { overlaps: 2, sorting: 2, leaves: 5, larger: 5, loop: 2 };
  const taken = await inTurns(quick ? 5 : 15, Object.fromEntries(Object.keys(subjects).map((name) => [name, () => workers[name].run(runs[name])])));
  for (const worker of Object.values(workers)) worker.stop();
  const one = taken.leaves.map((thousand) => thousand / 1000);
  return [
    row('G14', `${RANGES.toLocaleString('en')} ranges put in order by \`Array.sort\` ÷ their overlaps found`, taken.sorting, taken.overlaps, { atLeast: 10 }),
    row('G15', 'leaves of 2 GiB in 4 KiB pages counted one by one ÷ in closed form', taken.loop, one, { atLeast: 50 }),
    row('G15', 'leaves of 2 TiB ÷ of 2 GiB, in closed form', taken.larger, taken.leaves, { atMost: 1.3 }),
  ];
}
