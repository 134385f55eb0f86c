import { cellAt, type DeviceTree, type TreeNode, type TreeProperty } from './device-tree.js';
import { fileName } from './import-result.js';
import { orSourceError, SourceTrouble, type SourceError, type SourcePlace } from './source-places.js';

/**
 * A device tree as a source builds it up: blocks of one node add up, later properties win. Once all is read, references
 * become phandles and paths, numbered as dtc numbers them.
 */
export interface SourceTree {
  /** The file that includes the others. */
  readonly path: string;
  readonly root: SourceNode;
  readonly labels: Map<string, SourceNode>;
  readonly reservations: { readonly place: SourcePlace; readonly base: bigint; readonly size: bigint }[];
  /** Blocks for labels that nobody has given: what they say is about a node that isn't there. */
  readonly homeless: { readonly label: string; readonly place: SourcePlace }[];
  /** Children by their names without a unit address, made where they are asked for. */
  readonly shortNames: Map<SourceNode, { readonly size: number; readonly children: ReadonlyMap<string, SourceNode> }>;
  /** Names of macros that nobody defines, as often as they are met. */
  readonly unknown: string[];
}

export interface SourceNode {
  readonly name: string;
  readonly parent: SourceNode | undefined;
  readonly properties: Map<string, SourceProperty>;
  readonly children: Map<string, SourceNode>;
  place: SourcePlace | undefined;
  /** Whether it is left out unless something refers to it. */
  isOptional: boolean;
}

interface SourceProperty {
  readonly name: string;
  readonly parts: readonly SourcePart[];
  readonly unknown: readonly string[];
  readonly place: SourcePlace;
}

/** Bytes, or the phandle or the path of a node: by its label, or by its path if that begins with `/`. */
export type SourcePart =
  | { readonly bytes: readonly number[] }
  | { readonly phandleOf: string; readonly place: SourcePlace }
  | { readonly pathOf: string; readonly place: SourcePlace };

const newNode = (name: string, place: SourcePlace | undefined, parent?: SourceNode): SourceNode => ({ name, parent, properties: new Map(), children: new Map(), place, isOptional: false });

export const newSourceTree = (path: string): SourceTree => ({ path, root: newNode('', undefined), labels: new Map(), reservations: [], homeless: [], shortNames: new Map(), unknown: [] });

/** The child of that name, made if it isn't there yet. */
export function childOf(parent: SourceNode, name: string, place: SourcePlace): SourceNode {
  const known = parent.children.get(name);
  if (known) return known;
  const child = newNode(name, place, parent);
  parent.children.set(name, child);
  return child;
}

/** The node that `&label { … }` or `&{/path} { … }` adds to; one that nothing refers to where there is none. */
export function applyBlock(tree: SourceTree, label: string | undefined, path: string | undefined, place: SourcePlace): SourceNode {
  const found = resolve(tree, label ?? path ?? '');
  if (!found) tree.homeless.push({ label: label ?? path ?? '', place });
  return found ?? newNode('', place);
}

function resolve(tree: SourceTree, reference: string): SourceNode | undefined {
  if (!reference.startsWith('/')) return tree.labels.get(reference);
  return reference.split('/').filter((name) => name !== '').reduce<SourceNode | undefined>((node, name) => node && childNamed(tree, node, name), tree.root);
}

/** A child by its name, or by what stands before its unit address. */
function childNamed(tree: SourceTree, node: SourceNode, name: string): SourceNode | undefined {
  const exact = node.children.get(name);
  if (exact) return exact;
  let index = tree.shortNames.get(node);
  if (index?.size !== node.children.size) {
    index = { size: node.children.size, children: new Map([...node.children.values()].reverse().map((child) => [child.name.replace(/@.*/, ''), child])) };
    tree.shortNames.set(node, index);
  }
  return index.children.get(name);
}

export function deleteReference(tree: SourceTree, label: string | undefined, path: string | undefined): void {
  const node = resolve(tree, label ?? path ?? '');
  if (node && node.parent?.children.get(node.name) === node) node.parent.children.delete(node.name);
}

function* everyNode(node: SourceNode): Generator<SourceNode> {
  yield node;
  for (const child of node.children.values()) yield* everyNode(child);
}

// ── References ─────────────────────────────────────────────────────────────────────────────────────────────────────

interface Links {
  readonly tree: SourceTree;
  readonly paths: ReadonlyMap<SourceNode, string>;
  readonly phandles: Map<SourceNode, number>;
  readonly taken: Set<number>;
  next: number;
  /** Labels that a missing file may give. */
  readonly lost: Set<string>;
  readonly mayBeElsewhere: boolean;
}

/** Works out the references. With `mayBeElsewhere`, a label that isn't there makes its property unknown. */
export function linkSource(tree: SourceTree, mayBeElsewhere: boolean): DeviceTree | SourceError {
  dropUnreferenced(tree);
  const paths = new Map<SourceNode, string>();
  collectPaths(tree.root, '/', paths);
  const links: Links = { tree, paths, phandles: new Map(), taken: new Set(), next: 1, lost: new Set(), mayBeElsewhere };
  return orSourceError(() => {
    const [homeless] = tree.homeless;
    if (homeless && !mayBeElsewhere) throw new SourceTrouble(`no node has the label \`${homeless.label}\``, homeless.place);
    keepWrittenPhandles(links);
    numberReferences(links, tree.root);
    const root = buildNode(links, tree.root, undefined);
    const reservations = tree.reservations.map(({ place, base, size }) => ({ origin: originOf(links, place), base, size }));
    return { root, reservations, notes: lostNotes(links) };
  });
}

function lostNotes({ lost, tree }: Links): string[] {
  const labels = new Set([...lost, ...tree.homeless.map(({ label }) => label)]);
  if (labels.size === 0) return [];
  const some = [...labels].slice(0, 8).join(', ');
  return [`${labels.size} labels are in none of these files, so that what refers to them is missing: ${some}${labels.size > 8 ? ', …' : ''}`];
}

function collectPaths(node: SourceNode, path: string, paths: Map<SourceNode, string>): void {
  paths.set(node, path);
  for (const child of node.children.values()) collectPaths(child, `${path === '/' ? '' : path}/${child.name}`, paths);
}

function dropUnreferenced(tree: SourceTree): void {
  const nodes = [...everyNode(tree.root)];
  if (!nodes.some((node) => node.isOptional)) return;
  const used = new Set<SourceNode | undefined>();
  for (const node of nodes) for (const { parts } of node.properties.values()) for (const part of parts) if (!('bytes' in part)) used.add(resolve(tree, referenceOf(part)));
  for (const node of nodes) for (const child of node.children.values()) if (child.isOptional && !used.has(child)) node.children.delete(child.name);
}

const referenceOf = (part: Exclude<SourcePart, { bytes: readonly number[] }>): string => ('phandleOf' in part ? part.phandleOf : part.pathOf);

/** Phandles that are written out keep their numbers. */
function keepWrittenPhandles(links: Links): void {
  for (const node of links.paths.keys()) {
    const [part] = node.properties.get('phandle')?.parts ?? [];
    if (!part || !('bytes' in part) || part.bytes.length !== 4) continue;
    const phandle = cellAt(Uint8Array.from(part.bytes), 0);
    links.phandles.set(node, phandle);
    links.taken.add(phandle);
  }
}

/** Numbers the others in the order in which they are referred to, as dtc does. */
function numberReferences(links: Links, node: SourceNode): void {
  for (const { parts } of node.properties.values()) for (const part of parts) if ('phandleOf' in part) phandleOf(links, part.phandleOf, part.place);
  for (const child of node.children.values()) numberReferences(links, child);
}

function targetOf(links: Links, reference: string, place: SourcePlace): SourceNode | undefined {
  const target = resolve(links.tree, reference);
  if (target && links.paths.has(target)) return target;
  if (!links.mayBeElsewhere) throw new SourceTrouble(`no node has the label \`${reference}\``, place);
  links.lost.add(reference);
  return undefined;
}

function phandleOf(links: Links, reference: string, place: SourcePlace): number | undefined {
  const target = targetOf(links, reference, place);
  if (target === undefined) return undefined;
  const known = links.phandles.get(target);
  if (known !== undefined) return known;
  while (links.taken.has(links.next)) links.next += 1;
  links.phandles.set(target, links.next);
  links.taken.add(links.next);
  return links.next;
}

// ── The tree of bytes ──────────────────────────────────────────────────────────────────────────────────────────────

interface BuiltNode extends TreeNode {
  readonly properties: Map<string, TreeProperty>;
  readonly children: TreeNode[];
}

function buildNode(links: Links, node: SourceNode, parent: TreeNode | undefined): TreeNode {
  const built: BuiltNode = {
    name: node.name,
    path: links.paths.get(node) ?? '/',
    parent,
    properties: new Map(),
    children: [],
    origin: node.place ? originOf(links, node.place) : '',
  };
  for (const property of node.properties.values()) built.properties.set(property.name, buildProperty(links, property));
  const phandle = links.phandles.get(node);
  if (phandle !== undefined) built.properties.set('phandle', { name: 'phandle', value: cellBytes(phandle), origin: built.origin, unknown: [] });
  for (const child of node.children.values()) built.children.push(buildNode(links, child, built));
  return built;
}

const cellBytes = (cell: number): Uint8Array => Uint8Array.of(cell >>> 24, (cell >>> 16) & 0xff, (cell >>> 8) & 0xff, cell & 0xff);

function buildProperty(links: Links, property: SourceProperty): TreeProperty {
  const bytes: number[] = [];
  const unknown = [...property.unknown];
  for (const part of property.parts) {
    if ('bytes' in part) for (const byte of part.bytes) bytes.push(byte);
    else addReference(links, part, bytes, unknown);
  }
  return { name: property.name, value: Uint8Array.from(bytes), origin: originOf(links, property.place), unknown };
}

function addReference(links: Links, part: Exclude<SourcePart, { bytes: readonly number[] }>, bytes: number[], unknown: string[]): void {
  const target = targetOf(links, referenceOf(part), part.place);
  if (target === undefined) unknown.push(`&${referenceOf(part)}`);
  else if ('phandleOf' in part) bytes.push(...cellBytes(links.phandles.get(target) ?? 0));
  else for (const character of `${links.paths.get(target) ?? ''}\0`) bytes.push(character.charCodeAt(0));
}

/** `line 12`, or with the file where it is another one. */
function originOf({ tree }: Links, place: SourcePlace): string {
  return place.path === tree.path ? `line ${place.line}` : `${fileName(place.path)}:${place.line}`;
}
