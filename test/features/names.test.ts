import assert from 'node:assert/strict';
import fc from 'fast-check';
import { allOccurrencesOf, applyEdits, editDocument, openDocument, rename, searchSymbols, selectionsAt, targetAt, tokensIn, linksIn, usedBy, usersOf, type Document } from '../../server/core/index.js';
import { check, TODAY } from '../support/check.js';
import { atCursor, checkLinked, checkOccurrences, checkRename, fileOf, MAIN, startOf } from '../support/cursor.js';
import { dedent } from '../support/picture.js';
import { allTexts } from '../support/texts.js';

// Where names stand, and what they get when one is changed.

describe('references', () => {
  it('of a region are in expressions, maps, and other vms that have it over `like`', () =>
    checkOccurrences(
      `
      vm base {
        ram lo$0w at 0 size 1 GiB
        ram high at low.end size low.size
        map m to low + 1 MiB
        mmio other at 4 GiB size 4 KiB
      }
      vm web like base {
        ram more at low.end + 8 GiB size 1 GiB
      }
      vm apart {
        ram low at 0 size 1 GiB
      }
    `,
      `
      vm base {
        ram «low» at 0 size 1 GiB
        ram high at ‹low›.end size ‹low›.size
        map m to ‹low› + 1 MiB
        mmio other at 4 GiB size 4 KiB
      }
      vm web like base {
        ram more at ‹low›.end + 8 GiB size 1 GiB
      }
      vm apart {
        ram low at 0 size 1 GiB
      }
    `,
    ));

  it('of a device are where it is assigned, reached through its host, and its BARs', () =>
    checkOccurrences(
      `
      host box {
        iommu u { model vt-d }
        group 1 { device gpu "0000:01:00.0" bar 0 size 16 MiB }
      }
      vm web on box {
        bar gpu.0 at 0xc000_0000
        assign g$0pu hotplug
        policy house
      }
      policy house {
        note hotplug-device on web.gpu
        require box.gpu.bits >= 32
      }
    `,
      `
      host box {
        iommu u { model vt-d }
        group 1 { device «gpu» "0000:01:00.0" bar 0 size 16 MiB }
      }
      vm web on box {
        bar ‹gpu›.0 at 0xc000_0000
        assign ‹gpu› hotplug
        policy house
      }
      policy house {
        note hotplug-device on web.‹gpu›
        require box.‹gpu›.bits >= 32
      }
    `,
    ));

  it('are what the policies of a vm are about, in each vm that has one of the name', () =>
    checkOccurrences(
      `
      policy house { note block-split on lo$0w, web.low }
      policy own like house { }
      vm web { policy house; ram low at 0 size 1 GiB; map low to low }
      vm db { policy own; ram low at 0 size 2 GiB }
      vm apart { ram low at 0 size 3 GiB }
    `,
      `
      policy house { note block-split on ‹low›, web.‹low› }
      policy own like house { }
      vm web { policy house; ram «low» at 0 size 1 GiB; map «low» to ‹low› }
      vm db { policy own; ram «low» at 0 size 2 GiB }
      vm apart { ram low at 0 size 3 GiB }
    `,
    ));

  it('of a device are the same from each host of a vm', () => {
    const text = (a: string, b: string, assigned: string, on: string): string =>
      `host a { iommu u { model vt-d } device ${a} "0000:01:00.0" }\nhost b { iommu u { model vt-d } device ${b} "0000:02:00.0" }\npolicy house { note hotplug-device on ${on} }\nvm web on a, b { policy house; assign ${assigned} }\n`;
    const expected = text('«nic»', '«nic»', '‹nic›', '‹nic›');
    for (const [a, b, assigned, on] of [['n$0ic', 'nic', 'nic', 'nic'], ['nic', 'n$0ic', 'nic', 'nic'], ['nic', 'nic', 'n$0ic', 'nic'], ['nic', 'nic', 'nic', 'n$0ic']] as const) checkOccurrences(text(a, b, assigned, on), expected);
  });

  it('of a declaration are those of what it replaces and of what replaces it', () =>
    checkOccurrences(
      'vm base { ram lo$0w at 0 size 1 GiB; map m to low }\nvm web like base { ram low at 0 size 2 GiB; map n to low }\n',
      'vm base { ram «low» at 0 size 1 GiB; map m to ‹low› }\nvm web like base { ram «low» at 0 size 2 GiB; map n to ‹low› }\n',
    ));

  it('of a constant go over imports', () =>
    checkOccurrences(
      `
      import "sizes.vmlayout"
      vm web { ram low at 0 size R$0AM }
      --- sizes.vmlayout
      const RAM = 1 GiB
      const TWICE = RAM * 2
    `,
      `
      import "sizes.vmlayout"
      vm web { ram low at 0 size ‹RAM› }
      --- sizes.vmlayout
      const «RAM» = 1 GiB
      const TWICE = ‹RAM› * 2
    `,
    ));

  it('of a policy are where it is named, of a requirement where it is waived', () => {
    checkOccurrences('policy ho$0use { }\nvm web { policy house }\npolicy own like house { }\n', 'policy «house» { }\nvm web { policy ‹house› }\npolicy own like ‹house› { }\n');
    checkOccurrences(
      'policy house { require wi$0de: aligned(r, 2 MiB) for r in ram }\nvm web { policy house; ram low at 0 size 1 MiB allow policy/wide because "old" }\n',
      'policy house { require «wide»: aligned(r, 2 MiB) for r in ram }\nvm web { policy house; ram low at 0 size 1 MiB allow policy/‹wide› because "old" }\n',
    );
  });

  it('of what a statement binds stay in it', () =>
    checkOccurrences(
      'policy house {\n  require distance(r, d) > 0 for r in ram, d in doorbell\n  require aligned($0r, 4 KiB) and r.size > 0 for r in ram\n}\n',
      'policy house {\n  require distance(r, d) > 0 for r in ram, d in doorbell\n  require aligned(‹r›, 4 KiB) and ‹r›.size > 0 for «r» in ram\n}\n',
    ));

  it('are none of a keyword, a property or a number', () => {
    for (const source of ['v$0m web { }', 'vm web { ram low a$0t 0 size 1 GiB }', 'vm web { ram low at 0 size 1$0 GiB }', 'vm web { ram low at 0 size 1 GiB }$0']) {
      const { file, offset } = atCursor(source);
      assert.equal(targetAt(file, offset), undefined, source);
    }
  });

  it('are the same from each of their places', () => {
    for (const { text } of allTexts().filter((one) => one.text.length < 3000)) {
      const { file } = fileOf(text);
      const seen = new Set<string>();
      for (const match of text.matchAll(/[A-Za-z_][\w-]*/g)) {
        const found = targetAt(file, match.index + 1);
        if (!found || seen.has(match[0])) continue;
        seen.add(match[0]);
        const places = allOccurrencesOf(found.target, [file], file.world).map(({ item, start }) => startOf(file.document, item) + start);
        assert.ok(places.includes(found.span.start), `${match[0]} in\n${text}`);
        for (const place of places) {
          const again = targetAt(file, place + 1) ?? targetAt(file, place);
          assert.deepEqual(again && allOccurrencesOf(again.target, [file], file.world).length, places.length, `${match[0]} at ${place} in\n${text}`);
        }
      }
    }
  }).timeout(60_000);
});

describe('rename', () => {
  it('changes every place, in every file', () =>
    checkRename(
      'import "h.vmlayout"\nvm web on bo$0x { assign nic }\n--- h.vmlayout\nhost box { device nic "0000:01:00.0" }\n',
      'altra',
      'import "h.vmlayout"\nvm web on altra { assign nic }\n--- h.vmlayout\nhost altra { device nic "0000:01:00.0" }\n',
    ));

  it('refuses what is no name, is taken, or would mean something else', () => {
    checkRename('vm web { ram lo$0w at 0 size 1 GiB }', 'a b', '`a b` is no name: names are letters, digits, `_` and inner hyphens before a letter');
    checkRename('vm web { ram lo$0w at 0 size 1 GiB; ram high at 1 GiB size 1 GiB }', 'high', 'with the name `high`: the name `high` is taken');
  });

  it('refuses a name that is something else where the old one stands, or that stands there for something else', () => {
    const text = (outer: string, inner: string): string => `const ${outer} = 1 GiB\nvm web {\n  const ${inner} = 2 GiB\n  ram low at 0 size A\n}\n`;
    checkRename(text('A$0', 'B'), 'B', 'with the name `B`: it would be something else in line 4 of `main.vmlayout`');
    checkRename(text('A', 'B$0'), 'A', 'with the name `A`: the `A` in line 4 of `main.vmlayout` would be the same');
    checkRename('vm a { mmio uart at 0 size 4 KiB }\nvm b like a { mmio rtc$0 at 4 KiB size 4 KiB }\n', 'uart', 'with the name `uart`: the `uart` in line 1 of `main.vmlayout` would be the same');
  });

  it('goes along with what replaces a declaration over `like`, and with what `when` chooses between', () => {
    checkRename(
      'vm model { const SIZE; ram low at 0 size SIZE }\nvm one like model { const SI$0ZE = 2 GiB }\nvm two like one { const BIG = SIZE }\n',
      'RAM',
      'vm model { const RAM; ram low at 0 size RAM }\nvm one like model { const RAM = 2 GiB }\nvm two like one { const BIG = RAM }\n',
    );
    checkRename(
      'vm web { const BIG = 1; ram lo$0w at 0 size 4 GiB when BIG == 1; ram low at 0 size 1 GiB when BIG == 0; map m to low }\n',
      'main',
      'vm web { const BIG = 1; ram main at 0 size 4 GiB when BIG == 1; ram main at 0 size 1 GiB when BIG == 0; map m to main }\n',
    );
  });

  it('of a device goes along on every host of a vm that is assigned it', () => {
    const text = (a: string, b: string, assigned: string): string =>
      `host a { iommu u { model vt-d } device ${a} "0000:01:00.0" }\nhost b { iommu u { model vt-d } device ${b} "0000:02:00.0" }\nhost c { device nic "0000:03:00.0" }\nvm web on a, b { assign ${assigned} }\n`;
    for (const [a, b, assigned] of [['nic$0', 'nic', 'nic'], ['nic', 'nic$0', 'nic'], ['nic', 'nic', 'nic$0']] as const) checkRename(text(a, b, assigned), 'gpu', text('gpu', 'gpu', 'gpu'));
  });

  it('goes along where a policy is about it, with or without the name of its vm, in whatever file', () => {
    checkRename(
      'import "p.vmlayout"\nvm web { policy p; ram lo$0w at 0 size 1 GiB }\n--- p.vmlayout\npolicy p { allow reserved-overlap, region-overlap on low because "x"; note block-split on web.low }\n',
      'main',
      'import "p.vmlayout"\nvm web { policy p; ram main at 0 size 1 GiB }\n--- p.vmlayout\npolicy p { allow reserved-overlap, region-overlap on main because "x"; note block-split on web.main }\n',
    );
    checkRename(
      'host box { device ni$0c "0000:01:00.0" bar 0 size 16 MiB }\npolicy p { note hotplug-device on nic, nic.0 }\nvm web on box { policy p; assign nic; bar nic.0 at 3 GiB }\n',
      'gpu',
      'host box { device gpu "0000:01:00.0" bar 0 size 16 MiB }\npolicy p { note hotplug-device on gpu, gpu.0 }\nvm web on box { policy p; assign gpu; bar gpu.0 at 3 GiB }\n',
    );
    checkRename(
      'vm web { ram lo$0w at 0 size 1 GiB { allow block-split on web.low because "x" } }\n',
      'main',
      'vm web { ram main at 0 size 1 GiB { allow block-split on web.main because "x" } }\n',
    );
  });

  it('tells apart two declarations of one name', () =>
    checkRename('vm web { ram low at 0 size 1 GiB; ram lo$0w at 0 size 2 GiB; map m to low }\n', 'high', 'vm web { ram low at 0 size 1 GiB; ram high at 0 size 2 GiB; map m to low }\n'));

  it('gives a group another number, or a name', () => {
    checkRename('host box { group 1$04 { device nic "0000:01:00.0" } }\n', '15', 'host box { group 15 { device nic "0000:01:00.0" } }\n');
    checkRename('host box { group 1$04 { device nic "0000:01:00.0" } }\n', 'slot', 'host box { group slot { device nic "0000:01:00.0" } }\n');
    checkRename('host box { group 1$04 { } group 15 { } }\n', '15', 'with the name `15`: the name `15` is taken');
    checkRename('vm web { ram lo$0w at 0 size 1 GiB }', '15', '`15` is no name: names are letters, digits, `_` and inner hyphens before a letter');
  });

  it('refuses what isn’t all at hand', () => {
    checkRename('import "std:iommu/arm"\nhost box like smmu-v$03 { }\n', 'mine', '`smmu-v3` is of the shipped library');
    checkRename('import "std:machines/q35"\nvm web like q35 { const RA$0M = 8 GiB }\n', 'SIZE', '`RAM` replaces what the shipped library declares');
  });

  it('changes no plan, whatever the names', () => {
    const texts = allTexts().filter(({ text }) => text.length < 2000);
    const planned = (text: string): unknown => {
      const { vms, hosts } = fileOf(text).file.result;
      return [vms.map(({ vm, plan }) => [vm.regions.map(({ range }) => range), plan?.totals, plan?.maps.map(({ range }) => range)]), hosts.map(({ devices, iommus }) => [devices.length, iommus.length])];
    };
    fc.assert(fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(), ({ text }, where, other) => {
      const names = [...text.matchAll(/[A-Za-z][\w-]*/g)];
      const [old, taken] = [names[where % Math.max(1, names.length)], names[other % Math.max(1, names.length)]];
      const { file } = fileOf(text);
      const found = old && targetAt(file, old.index);
      const renaming = found && taken && rename(found.target, taken[0], [file], file.world, { today: TODAY });
      if (!renaming || 'refused' in renaming) return;
      const renamed = applyEdits(text, renaming.edits.map(({ item, start, end, newText }) => {
        const base = startOf(file.document, item);
        return { start: base + start, end: base + end, newText };
      }));
      assert.deepEqual(planned(renamed), planned(text), renamed);
    }), { numRuns: 400 });
  }).timeout(60_000);

  it('of a requirement leaves `policy/` as it is', () =>
    checkRename(
      'policy house { require wide: aligned(r, 2 MiB) for r in ram }\nvm web { policy house; ram low at 0 size 1 MiB allow policy/wi$0de because "old" }\n',
      'broad',
      'policy house { require broad: aligned(r, 2 MiB) for r in ram }\nvm web { policy house; ram low at 0 size 1 MiB allow policy/broad because "old" }\n',
    ));

  it('and back is the text as it was', () => {
    for (const { text } of allTexts().filter((one) => one.text.length < 3000)) {
      for (const match of text.matchAll(/^ +(?:ram|backing) (\w+)/gm)) {
        const at = match.index + match[0].length - 1;
        const { file } = fileOf(text);
        const found = targetAt(file, at);
        if (!found) continue;
        const places = allOccurrencesOf(found.target, [file], file.world).map(({ item, start, end }) => {
          const base = startOf(file.document, item);
          return { start: base + start, end: base + end };
        });
        for (const { start, end } of places) assert.equal(text.slice(start, end), found.target.name);
      }
    }
  });
});

describe('linked editing', () => {
  it('is of a declaration and all that names it', () => {
    checkLinked('vm web { ram l$0ow at 0 size 1 GiB; map m to low }\n', 'vm web { ram «low» at 0 size 1 GiB; map m to ‹low› }\n');
    checkLinked('policy p { require aligned(r, 4 KiB) for r$0 in ram }\n', 'policy p { require aligned(‹r›, 4 KiB) for «r» in ram }\n');
    checkLinked('policy p { note block-split on low }\nvm web { policy p; ram lo$0w at 0 size 1 GiB }\n', 'policy p { note block-split on ‹low› }\nvm web { policy p; ram «low» at 0 size 1 GiB }\n');
  });

  it('is none at a use, of a name that stands alone, and of one that another file uses', () => {
    for (const source of [
      'vm web { ram low at 0 size 1 GiB; ram high at l$0ow.end size 1 GiB }\n',
      'policy p { require aligned(r$0, 4 KiB) for r in ram }\n',
      'vm web { ram l$0ow at 0 size 1 GiB }\n',
      'const A$0 = 1\nconst B = A\n--- b.vmlayout\nimport "main.vmlayout"\nconst C = A\n',
      'import "std:machines/q35"\nvm web like q35 { const RA$0M = 8 GiB; const HALF = RAM / 2 }\n',
    ]) checkLinked(source, source.replace('$0', ''));
  });
});

describe('what hangs together', () => {
  const { result } = check(dedent(`
    host box { iommu u { model vt-d }; device nic "0000:01:00.0" }
    vm web on box { backing pages size 2 GiB; ram low at 0 size 1 GiB from pages; map m to low; assign nic }
  `));
  const [checked] = result.vms;
  const names = (elements: readonly { name: string }[]): string[] => elements.map(({ name }) => name);

  it('is told both ways', () => {
    assert.ok(checked?.host);
    const { vm, host } = checked;
    const [low, map, device] = [vm.regions[0]?.element, vm.maps[0]?.element, host.devices[0]?.element];
    assert.ok(low && map && device && vm.backings[0]);
    assert.deepEqual(names(usedBy(vm.element, result)), ['box', 'nic']);
    assert.deepEqual([names(usedBy(map, result)), names(usedBy(low, result)), names(usedBy(device, result))], [['low'], ['pages'], ['u']]);
    assert.deepEqual([names(usersOf(vm.backings[0].element, result)), names(usersOf(low, result)), names(usersOf(device, result)), names(usersOf(host.element, result))], [['low'], ['m'], ['web'], ['web']]);
  });
});

describe('a search of the workspace', () => {
  const { document, result } = check(dedent(`
    const PAGE = 4 KiB
    backing pool size 1 GiB
    host hm { const BITS; iommu v { model vt-d; bits BITS } }
    vm model { const RAM; backing own size RAM; ram main at 4 GiB size RAM from own; map whole to main }
    /// Deprecated: see hardened.
    policy house { deny map-overlap; require wide: bits >= 40 }
    host box { iommu u { model smmu-v3; reserved msi at 0x800_0000 size 1 MiB kind sw-msi }; device nic "0000:01:00.0" }
    vm web on box { ram low at 0 size 1 GiB; mmio its at 0x808_0000 size 128 KiB; doorbell its-bell at 0x809_0040 size 4; assign nic; policy house }
  `));
  const found = (query: string): string[] => searchSymbols(query, [{ path: 'main.vmlayout', document, result }]).map(({ keyword, name, container }) => `${keyword} ${name} in ${container}`);

  it('finds what contains an address, the smallest first', () => {
    assert.deepEqual(found('0x8090040'), ['doorbell its-bell: 0x8090040 in web 0x8090040-0x8090043', 'mmio its: 0x8090040 in web 0x8080000-0x809ffff', 'reserved msi: 0x8090040 in u 0x8000000-0x80fffff', 'ram low: 0x8090040 in web 0x0-0x3fffffff']);
    assert.deepEqual(found('0x4000_0000'), []);
  });

  it('finds names by their letters', () => {
    assert.deepEqual(found('ITSB'), ['doorbell its-bell in web 0x8090040-0x8090043']);
    assert.deepEqual(found('zz'), []);
  });

  it('finds every declaration by its name, and of what a vm only uses that alone which it names', () => {
    const named = (query: string, keyword: string): string[] => found(query).filter((one) => one.startsWith(`${keyword} `));
    const all: readonly [string, string, string][] = [
      ['const', 'PAGE', ''], ['backing', 'pool', ''], ['host', 'hm', ''], ['const', 'BITS', 'hm'], ['iommu', 'v', 'hm'], ['vm', 'model', ''], ['const', 'RAM', 'model'], ['backing', 'own', 'model'],
      ['ram', 'main', 'model'], ['map', 'whole', 'model'], ['policy', 'house', ''], ['deny', 'map-overlap', 'house'], ['device', 'nic', 'box'],
    ];
    for (const [keyword, name, owner] of all) assert.ok(named(name, keyword).includes(`${keyword} ${name} in ${owner}`), `${keyword} ${name} among ${found(name).join(', ')}`);
    assert.deepEqual([found('nic'), found('house')], [['device nic in box'], ['policy house in ']]);
    assert.deepEqual(found('map').at(-1), 'deny map-overlap in house');
  });

  it('says what is deprecated', () => {
    assert.deepEqual(searchSymbols('', [{ path: 'main.vmlayout', document, result }]).filter(({ deprecated }) => deprecated).map(({ name }) => name), ['house']);
  });
});

describe('tokens, links and selections', () => {
  const told = (source: string): string[] => {
    const { file, text } = fileOf(dedent(source));
    return tokensIn(file).map(({ start, end, type, modifiers }) => `${text.slice(start, end)}: ${[type, ...modifiers].join(' ')}`);
  };
  const names = (source: string): string[] => told(source).filter((one) => !/: (?:keyword|number|string|operator)$/.test(one));

  it('say what a word is', () => assert.deepEqual(told('const A = 1 GiB\nvm web { ram low at max(A, 0) size A label "x" }\n'), [
    'const: keyword', 'A: variable declaration readonly', '1 GiB: number', 'vm: keyword', 'web: class declaration', 'ram: keyword', 'low: variable declaration', 'at: property', 'max: function', 'A: variable readonly', '0: number', 'size: property', 'A: variable readonly', 'label: property', '"x": string',
  ]));

  it('say of a name what it stands for, in its block, at the top, in another file, or over `like`', () => {
    assert.deepEqual(names(`
      import "std:machines/q35"
      host box { iommu u { model vt-d } device nic "0000:01:00.0" behind u }
      vm base { const N = 1; backing pages size 1 GiB; ram low at 0 size 1 GiB from pages }
      vm web on box like base { ram high at low.end size host.page * N from pages; assign nic }
      vm q like q35 { const HALF = RAM / 2 }
    `), [
      'box: class declaration', 'u: class declaration', 'model: property', 'vt-d: enumMember', 'nic: class declaration', 'behind: property', 'u: class',
      'base: class declaration', 'N: variable declaration readonly', 'pages: class declaration', 'size: property', 'low: variable declaration', 'at: property', 'size: property', 'from: property', 'pages: class',
      'web: class declaration', 'on: property', 'box: class', 'like: property', 'base: class', 'high: variable declaration', 'at: property', 'low: variable', 'end: property', 'size: property', 'host: class', 'page: property', 'N: variable readonly',
      'from: property', 'pages: class', 'nic: class',
      'q: class declaration', 'like: property', 'q35: class', 'HALF: variable declaration readonly', 'RAM: variable readonly',
    ]);
  });

  it('say what a policy declares, binds and asks of', () => assert.deepEqual(names('policy p { require wide: m.coverage(2 MiB) > 0 and r.size > sum(ram.size) for m in map, r in ram }\nvm web { policy p }\n'), [
    'p: class declaration', 'wide: decorator declaration', 'm: parameter', 'coverage: function', 'r: parameter', 'size: property', 'sum: function', 'ram: enumMember', 'size: property', 'for: property', 'm: parameter declaration', 'map: enumMember', 'r: parameter declaration',
    'ram: enumMember', 'web: class declaration', 'p: class',
  ]));

  it('are others where what a name stands for is another now', () => {
    const type = (document: Document): string | undefined => tokensIn({ path: MAIN, document, world: { read: () => document } }).findLast(({ end, start }) => end - start === 1)?.type;
    const before = openDocument('const A = 1\nvm web { ram low at 0 size A }\n');
    const after = editDocument(before, 0, 5, 'backing');
    assert.equal(before.items.at(-1), after.items.at(-1));
    assert.deepEqual([type(before), type(after), type(before)], ['variable', 'class', 'variable']);
  });

  it('never overlap, whatever the text', () => {
    const texts = allTexts().filter(({ text }) => text.length < 4000);
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(60), ({ text }, at, length) => {
        const start = at % (text.length + 1);
        const document = openDocument(text.slice(0, start) + text.slice(start + length));
        let end = 0;
        for (const token of tokensIn({ path: MAIN, document, world: { read: () => document } })) {
          assert.ok(token.start >= end && token.end > token.start);
          end = token.end;
        }
        for (const offset of [0, start]) {
          const spans = selectionsAt(document, offset);
          for (const [index, span] of spans.entries()) {
            const outer = spans[index + 1];
            if (outer) assert.ok(outer.start <= span.start && span.end <= outer.end);
          }
        }
      }),
      { numRuns: 300 },
    );
  }).timeout(60_000);

  it('lead from an import to its file', () => {
    const { document } = fileOf('import "std:policies/basic"\nimport "a/b.vmlayout"\nimport ""\n').file;
    assert.deepEqual(linksIn(document, 'dir/main.vmlayout').map(({ path }) => path), ['std:policies/basic', 'dir/a/b.vmlayout']);
  });
});
