// Measures pairs in turns and compares them. On a machine that others use, too, a time alone means little; what two
// programs take in turns, in the same minute, is slowed down alike. So every figure is a ratio.

/**
 * Runs every subject once a round, each round in another order, and keeps what they say it took (milliseconds, or any
 * other quantity that is the better the smaller it is). Returns a list for each subject, in the order of the rounds.
 */
export async function inTurns(rounds, subjects) {
  const names = Object.keys(subjects);
  const taken = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let place = 0; place < names.length; place++) {
      const name = names[(place + round) % names.length];
      taken[name].push(await subjects[name](round));
    }
  }
  return taken;
}

/** How many times as much `ours` took: the best against the best, and the quartiles of the rounds. */
function compare(ours, reference) {
  const paired = ours.map((value, round) => value / reference[round]).sort((left, right) => left - right);
  return {
    best: Math.min(...ours) / Math.min(...reference),
    median: quantile(paired, 0.5),
    low: quantile(paired, 0.25),
    high: quantile(paired, 0.75),
    rounds: paired.length,
  };
}

function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

/**
 * A line of the report: how many times as much `ours` took as `reference`, and the goal, if there is one, as the most
 * (`atMost`) or the least (`atLeast`) that the best against the best may be.
 */
export function row(goal, what, ours, reference, { atMost, atLeast } = {}) {
  const ratio = compare(ours, reference);
  const wanted = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast.toLocaleString('en')}` : '';
  const met = ratio.best <= (atMost ?? Infinity) && ratio.best >= (atLeast ?? 0);
  return { goal, what, ratio, wanted, met };
}

export function tableOf(rows) {
  const cells = rows.map(({ goal, what, ratio, wanted, met }) => [
    goal,
    what,
    figure(ratio.best),
    figure(ratio.median),
    `${figure(ratio.low)}–${figure(ratio.high)}`,
    wanted,
    wanted === '' ? '' : met ? 'yes' : 'no',
  ]);
  const head = ['goal', 'what ÷ what', 'best', 'median', 'quartiles', 'wanted', 'met'];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** What is not measured in rounds: bytes, of ours and of what does nothing. */
export function sizeTableOf(sizes) {
  const cells = sizes.map(({ what, bytes, reference }) => [what, bytes.toLocaleString('en'), reference === undefined ? '' : figure(bytes / reference)]);
  const head = ['what', 'bytes', '÷ one that does nothing'];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Three significant digits. */
const figure = (value) => (value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString());
