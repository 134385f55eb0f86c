import type { ServerCapabilities, TextEdit } from 'vscode-languageserver';
import { mapOf, mapsAfterFixes, mapsOfStances, recordOf, type CheckedVm, type MapModel, type MapRecord, type Placed } from '../core/index.js';
import { textEditOf, type MapPlace } from './convert.js';
import { completed, locate } from './diagnostics.js';
import type { OpenFile } from './documents.js';
import type { Checked, Session } from './session.js';

/** What a view of the map asks: the guest on a host of an open file, the first if none is named. */
export interface MapParams {
  readonly uri: string;
  readonly vm?: string;
  readonly host?: string;
  /** Whether the map of each stance is asked for, too. */
  readonly stances?: boolean;
  /** The number of a finding in the map, whose fixes are asked for. */
  readonly fixesOf?: number;
}

/** Plain JSON: addresses are hexadecimal strings. */
export interface MapAnswer {
  /** The version of the text that it is about. */
  readonly version: number;
  /** Every guest on each of its hosts. */
  readonly choices: readonly { readonly vm: string; readonly host?: string }[];
  /** Nothing where the file declares no guest. */
  readonly map?: MapRecord<MapPlace>;
  readonly stances?: readonly MapRecord<MapPlace>[];
  readonly fixes?: readonly { readonly title: string; readonly edits: readonly TextEdit[]; readonly map: MapRecord<MapPlace> }[];
}

/** The request by which an editor shows the memory map of an open file. */
export const MAP_REQUEST = 'vmlayout/map';

export function answerMap(session: Session): ServerCapabilities {
  session.connection.onRequest(MAP_REQUEST, session.guardLater('drawing the map', null, async (params: MapParams): Promise<MapAnswer | null> => {
    const file = session.documents.get(params.uri);
    return file ? answer(session, params, file, await checkedWhole(session, file)) : null;
  }));
  return { experimental: { vmlayoutMap: true } };
}

/** The check of a file with all that it imports. */
export async function checkedWhole(session: Session, file: OpenFile): Promise<Checked> {
  await completed(session, file.path);
  return session.check(session.documents.at(file.path) ?? file);
}

function answer(session: Session, params: MapParams, file: OpenFile, checked: Checked): MapAnswer {
  const { result, document } = checked;
  const version = session.documents.at(file.path)?.version ?? file.version;
  const choices = result.vms.map(({ vm, host }) => ({ vm: vm.name, ...(host && { host: host.name }) }));
  const shown = chosen(result.vms, params);
  if (!shown) return { version, choices };
  const record = (map: MapModel<Placed>): MapRecord<MapPlace> => recordOf(map, (place) => placeIn(session, place));
  return {
    version,
    choices,
    map: record(mapOf(shown.vm, shown.plan, result.findings)),
    ...(params.stances && { stances: mapsOfStances(shown, result.findings).map(record) }),
    ...(typeof params.fixesOf === 'number' && {
      fixes: mapsAfterFixes(params.fixesOf, shown, checked).map(({ title, edits, map }) => ({
        // Places in the text after a fix lead nowhere yet.
        title, edits: edits.map((edit) => textEditOf(document, edit)), map: recordOf<Placed, MapPlace>(map, () => undefined),
      })),
    }),
  };
}

const chosen = (vms: readonly CheckedVm[], params: MapParams): CheckedVm | undefined =>
  vms.find(({ vm, host }) => vm.name === params.vm && host?.name === params.host) ?? vms.find(({ vm }) => vm.name === params.vm) ?? vms[0];

function placeIn(session: Session, { name, whole }: Placed): MapPlace | undefined {
  const [located, all] = [locate(session, name), locate(session, whole)];
  return located && { ...located, whole: all?.range ?? located.range };
}
