import type { ServerCapabilities } from 'vscode-languageserver';
import { mapOf, mapsAfterFixes, mapsOfStances, recordOf, type CheckedVm, type MapModel, type Placed } from '../core/index.js';
import { textEditOf } from './convert.js';
import { completed, locate } from './diagnostics.js';
import type { OpenFile } from './documents.js';
import type { MapAnswer, MapParams, MapPlace, PlacedRecord } from './requests.js';
import type { Checked, Session } from './session.js';

export function answerMap(session: Session): ServerCapabilities {
  session.connection.onRequest('vmlayout/map', session.guardLater('drawing the map', null, async (params: MapParams): Promise<MapAnswer | null> => {
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
  const record = (map: MapModel<Placed>): PlacedRecord => recordOf(map, (place) => placeIn(session, place));
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
