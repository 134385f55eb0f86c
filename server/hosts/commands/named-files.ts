import { layoutsBelow, STANDARD_INPUT, tidyName } from '../files.js';
import { Misuse, type Session } from '../session.js';

/** The files that operands stand for, each once. */
export function namedFiles(command: string, operands: readonly string[], session: Session): string[] {
  if (operands.length === 0) throw new Misuse(`${command}: which files? (\`-\` is standard input)`);
  const names = operands.flatMap((operand) => {
    if (operand === '-') return [STANDARD_INPUT];
    const below = layoutsBelow(session.folder, operand);
    if (below?.length === 0) throw new Misuse(`${operand}: there is no .vmlayout file below it`);
    return (below ?? [operand]).map(tidyName);
  });
  return [...new Set(names)];
}
