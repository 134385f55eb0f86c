import { COLOURED, diffJson, diffText, PLAIN, type ChangedPart } from '../../core/index.js';
import { STATUS, tell, type Session } from '../session.js';

/** Prints changes; the status says whether there are any. */
export function printChanges(parts: readonly ChangedPart[], format: 'text' | 'json', session: Session): number {
  session.out.write(format === 'json' ? diffJson(parts) : diffText(parts, session.out.colour ? COLOURED : PLAIN));
  if (parts.length === 0 && format === 'text') tell(session, 'nothing changed');
  return parts.length > 0 ? STATUS.found : STATUS.fine;
}
