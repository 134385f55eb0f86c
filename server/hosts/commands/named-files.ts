import { existsSync } from 'node:fs';
import path from 'node:path';
import picomatch from 'picomatch';
import { CONFIGURATION_NAME, isIncluded } from '../../core/index.js';
import { Configurations } from '../configurations.js';
import { Files, layoutsBelow, STANDARD_INPUT, tidyName } from '../files.js';
import { Misuse, type Session } from '../session.js';

/**
 * The files that operands stand for, each once: a file for itself, a directory for the layouts below it, a glob for those
 * it matches, `-` for standard input. Without any, the configuration of the working directory says which it includes. What
 * is found in a directory or by a glob is left out where a configuration excludes it; who names a file means it.
 */
export function namedFiles(
  command: string,
  operands: readonly string[],
  session: Session,
  configurations = new Configurations(session.folder, new Files(session.folder)),
): string[] {
  const own = configurations.own;
  if (operands.length === 0 && !own?.include) throw new Misuse(`${command}: which files? (\`-\` is standard input)`);
  const wanted = operands.length > 0 || !own ? operands : [path.relative(session.folder, own.folder) || '.'];
  return [...new Set(wanted.flatMap((operand) => filesOf(operand, session.folder, configurations)))];
}

function filesOf(operand: string, folder: string, configurations: Configurations): string[] {
  if (operand === '-') return [STANDARD_INPUT];
  const below = layoutsBelow(folder, operand);
  if (below) return atLeastOne(below.map(tidyName).filter((name) => isTaken(name, folder, configurations)), `${operand}: ${noneBelow(below.length)}`);
  const { isGlob, base } = picomatch.scan(tidyName(operand));
  if (!isGlob || existsSync(path.resolve(folder, operand))) return [tidyName(operand)];
  const matches = picomatch(tidyName(operand));
  const matching = (layoutsBelow(folder, base === '' ? '.' : base) ?? []).map(tidyName).filter((name) => matches(name));
  return atLeastOne(matching.filter((name) => isTaken(name, folder, configurations)), `${operand}: no .vmlayout file matches`);
}

const noneBelow = (left: number): string =>
  left === 0 ? 'there is no .vmlayout file below it' : `${CONFIGURATION_NAME} leaves out ${left === 1 ? 'the only .vmlayout file' : `all ${left} .vmlayout files`} below it`;

function atLeastOne(names: string[], otherwise: string): string[] {
  if (names.length === 0) throw new Misuse(otherwise);
  return names;
}

/** Whether the configuration that holds for a file takes it where it isn't named. */
function isTaken(name: string, folder: string, configurations: Configurations): boolean {
  const configuration = configurations.of(name);
  if (!configuration) return true;
  return isIncluded(tidyName(path.relative(configuration.folder, path.resolve(folder, name))), configuration);
}
