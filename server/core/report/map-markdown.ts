import type { MapModel } from '../map/model.js';
import { titleOf } from '../map/picture.js';
import { rowsOf, type Row } from '../map/rows.js';
import { showable } from './cells.js';

/** The maps as Markdown tables, with what was found below each. */
export const mapMarkdown = (models: readonly MapModel[]): string => models.map(oneMap).join('\n');

const HEADINGS = ['Space', 'From', 'To', 'Size', 'Kind', 'Name', 'Findings', 'What'];

function oneMap(model: MapModel): string {
  const lines = [
    `## ${plain(titleOf(model))}`,
    '',
    `${plain(model.asked)}${model.host === undefined ? '' : `; on-overlap ${model.stance}`}${model.totals === '' ? '' : `; ${plain(model.totals)}`}`,
    '',
    row(HEADINGS),
    row(HEADINGS.map(() => '---')),
    ...rowsOf(model).map((one) => row(cellsOf(one))),
    ...(model.hits.length > 0 ? ['', ...model.hits.map(({ number, level, rule, message }) => `${number}. ${level} \`${rule}\`: ${plain(message)}`)] : []),
  ];
  return `${lines.join('\n')}\n`;
}

const cellsOf = ({ space, first, last, size, kind, name, details, hits }: Row): string[] =>
  [space, `\`${first}\``, `\`${last}\``, size, kind, plain(name), hits.join(', '), plain(details)];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Words that mean nothing to Markdown but themselves; code spans of messages stay. */
const plain = (words: string): string => showable(words).replace(/[\\|<>*[\]]/g, '\\$&');
