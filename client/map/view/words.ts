/** What the view says in the user's language. The drawing itself has the names of the field and the texts of the server. */

/** The part of VS Code's `l10n` that is used: this file runs without VS Code, too. */
interface Translator {
  t(message: string): string;
}

/** All words of the view. What stands in braces is filled in by {@link filled}. */
export const mapWords = (l10n: Translator) => ({
  title: l10n.t('Memory map'),
  choice: l10n.t('Guest and host'),
  scale: l10n.t('Scale'),
  compressed: l10n.t('Compressed'),
  compressedAbout: l10n.t('Empty addresses are drawn short'),
  exact: l10n.t('To scale'),
  exactAbout: l10n.t('All addresses are drawn alike'),
  zoom: l10n.t('Zoom'),
  zoomIn: l10n.t('Zoom in'),
  zoomOut: l10n.t('Zoom out'),
  all: l10n.t('All'),
  allAbout: l10n.t('Show everything'),
  stances: l10n.t('Stances'),
  stancesAbout: l10n.t('What each stance comes to, side by side'),
  hotplug: l10n.t('Hot-plug'),
  order: l10n.t('What comes, in which order'),
  export: l10n.t('Export'),
  address: l10n.t('Address under the pointer'),
  keys: l10n.t('Up and down go from item to item, left and right between the spaces. Plus and minus zoom, zero shows everything, Page Up and Page Down move the view. F zooms to the item, Enter shows it in the text, T goes to the same item in the table and Escape back, Escape chooses nothing.'),
  findings: l10n.t('Findings'),
  legend: l10n.t('Legend'),
  table: l10n.t('Table'),
  caption: l10n.t('What stands at which addresses'),
  headings: [l10n.t('Space'), l10n.t('From'), l10n.t('To'), l10n.t('Size'), l10n.t('Kind'), l10n.t('Name'), l10n.t('Findings'), l10n.t('What')],
  nothingFound: l10n.t('Nothing is found here.'),
  lookingForFixes: l10n.t('Looking for fixes…'),
  noFix: l10n.t('No fix came out better.'),
  show: l10n.t('Show'),
  showAbout: l10n.t('Draw what the fix makes of the map over it'),
  apply: l10n.t('Apply'),
  finding: l10n.t('finding {0}, {1}'),
  noVm: l10n.t('No vm is declared here that could be drawn.'),
  on: l10n.t('{0} on {1}'),
  mapOf: l10n.t('Memory map of {0}; items: {1}, findings: {2}'),
  maps: l10n.t('maps {0}'),
  keeps: l10n.t('keeps {0}'),
  levels: { error: l10n.t('error'), warning: l10n.t('warning'), note: l10n.t('note') },
});

export type MapWords = ReturnType<typeof mapWords>;

/** Puts values in place of `{0}`, `{1}` and so on. */
export const filled = (template: string, ...values: readonly (string | number)[]): string =>
  template.replace(/\{(\d)\}/g, (whole, index: string) => `${values[Number(index)] ?? whole}`);
