import { pathText } from '../layout/elements.js';
import { Lookup } from '../layout/lookup.js';
import { policyName, type Source, type World } from '../layout/scope.js';
import { textOf, type Declaration } from '../syntax/nodes.js';

/** What names stand for, as far as it can be told without making an element: by keyword. */

/** A name at the top of a file, or a member of what stands there, or of what that is `like`. */
export interface Question {
  readonly table: 'names' | 'policies';
  readonly name: string;
  readonly member?: string;
}

/** A question, and the keyword that was found. */
export interface KindAnswer {
  readonly question: Question;
  readonly keyword: string | undefined;
}

/** Answers for one file, in one state of all texts. */
export class NameKinds {
  readonly #path: string;
  readonly #lookup: Lookup;

  constructor(path: string, world: World) {
    this.#path = path;
    this.#lookup = new Lookup(world);
  }

  answer({ table, name, member }: Question): string | undefined {
    const source = this.#lookup.find(this.#path, name, table);
    return source && (member === undefined ? source.declaration.keyword.text : this.#member(source, member));
  }

  /** Whether answers that were given in another state are the same in this one. */
  holds(answers: readonly KindAnswer[]): boolean {
    return answers.every(({ question, keyword }) => this.answer(question) === keyword);
  }

  #member(source: Source, member: string): string | undefined {
    const seen = new Set<Declaration>();
    for (let base: Source | undefined = source; base && !seen.has(base.declaration); base = this.#baseOf(base)) {
      seen.add(base.declaration);
      const keyword = membersOf(base.declaration).get(member);
      if (keyword !== undefined) return keyword;
    }
    return undefined;
  }

  #baseOf({ path, declaration }: Source): Source | undefined {
    const base = likeOf(declaration);
    return base && this.#lookup.find(path, base.name, base.table);
  }
}

/** What the line or the block of a declaration says that it is like. */
export function likeOf({ keyword, properties, block }: Declaration): Question | undefined {
  for (const property of [...properties, ...(block?.members ?? [])]) {
    if (property.kind !== 'property' || property.word.text !== 'like' || property.value?.kind !== 'names') continue;
    const [first] = property.value.names;
    if (first?.kind === 'reference') return { table: keyword.text === 'policy' ? 'policies' : 'names', name: pathText(first) };
  }
  return undefined;
}

const members = new WeakMap<Declaration, ReadonlyMap<string, string>>();

/** The keywords of what stands in a block, by name; a map may be called like its region, which is meant then. */
export function membersOf(declaration: Declaration): ReadonlyMap<string, string> {
  const known = members.get(declaration);
  if (known) return known;
  const found = new Map<string, string>();
  for (const member of declaration.block?.members ?? []) {
    const name = member.kind === 'declaration' ? textOf(member.name) ?? policyName(member) : undefined;
    if (member.kind === 'declaration' && name !== undefined && (found.get(name) ?? 'map') === 'map') found.set(name, member.keyword.text);
  }
  members.set(declaration, found);
  return found;
}
