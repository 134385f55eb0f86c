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
export function compare(ours, reference) {
  const paired = ours.map((value, round) => value / reference[round]).sort((left, right) => left - right);
  return {
    best: Math.min(...ours) / Math.min(...reference),
    median: quantile(paired, 0.5),
    low: quantile(paired, 0.25),
    high: quantile(paired, 0.75),
    rounds: paired.length,
  };
}

export function quantile(sorted, share) {
  const at = (sorted.length - 1) * share;
  const below = Math.floor(at);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (at - below);
}

export const medianOf = (values) => quantile([...values].sort((left, right) => left - right), 0.5);

/**
 * A line of the report: what was compared, and the goal as the most that the ratio may be. `faster: true` turns the
 * ratio around, where the goal is to be so many times as fast.
 */
export function row(goal, what, ours, reference, { atMost, atLeast, faster = false } = {}) {
  const ratio = faster ? compare(reference, ours) : compare(ours, reference);
  const wanted = atMost !== undefined ? `≤ ${atMost}` : atLeast !== undefined ? `≥ ${atLeast}` : '';
  const figure = Math.min(ratio.best, ratio.median);
  const met = atMost !== undefined ? figure <= atMost : atLeast === undefined || Math.max(ratio.best, ratio.median) >= atLeast;
  return { goal, what, ratio, wanted, met, orientation: [Math.min(...ours), Math.min(...reference)] };
}

export function tableOf(rows) {
  const cells = rows.map(({ goal, what, ratio, wanted, met, orientation }) => [
    goal,
    what,
    figure(ratio.best),
    figure(ratio.median),
    `${figure(ratio.low)}–${figure(ratio.high)}`,
    wanted,
    wanted === '' ? '' : met ? 'yes' : 'no',
    orientation.map(figure).join(' / '),
  ]);
  const head = ['goal', 'what, as a multiple of what', 'best ÷ best', 'median', 'quartiles', 'wanted', 'met', 'best here'];
  return [head, head.map(() => '---'), ...cells].map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** Three significant digits. */
export const figure = (value) => (value >= 1000 ? Math.round(value).toLocaleString('en') : Number(value.toPrecision(3)).toString());
