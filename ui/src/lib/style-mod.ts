/**
 * Stands in for the package `style-mod`, through which CodeMirror adds its rules. The package writes a `<style>` element into the
 * page, which `style-src 'self'` refuses; constructed style sheets are allowed. Same class and methods, so the alias in
 * vite.config.ts needs no change in CodeMirror.
 */

/** Selectors to declarations; declarations may hold nested selectors with `&`, at-rules hold selectors. */
export interface StyleSpec {
  readonly [name: string]: StyleSpec | string | number | null | undefined;
}

export interface StyleOptions {
  /** Makes the final selector out of a written one. */
  readonly finish?: (selector: string) => string;
}

/** Private use area: no class of ours begins with it. */
const namePrefix = '\u037c';
let namesGiven = 0;

interface Mounted {
  readonly sheet: CSSStyleSheet;
  modules: readonly StyleModule[];
}

const mounted = new WeakMap<Document | ShadowRoot, Mounted>();

/** A set of rules, in force wherever it is mounted. */
export class StyleModule {
  readonly rules: readonly string[];

  constructor(spec: StyleSpec, options: StyleOptions = {}) {
    const rules: string[] = [];
    for (const [selector, body] of Object.entries(spec))
      writeRule(rules, splitSelector(selector), body, options);
    this.rules = rules;
  }

  getRules(): string {
    return this.rules.join('\n');
  }

  /** A class name that nobody else uses. */
  static newName(): string {
    namesGiven += 1;
    return `${namePrefix}${namesGiven.toString(36)}`;
  }

  /** Brings modules into force in a document; of two that set the same, the later one wins. Each is added once. */
  static mount(root: Document | ShadowRoot, modules: StyleModule | readonly StyleModule[]): void {
    const wanted = modules instanceof StyleModule ? [modules] : modules;
    const known = mounted.get(root) ?? adopt(root);
    const kept = known.modules.filter((one) => !wanted.includes(one));
    const next = [...kept, ...wanted];
    const isSame =
      next.length === known.modules.length && next.every((one, index) => one === known.modules[index]);
    if (isSame) return;
    known.modules = next;
    known.sheet.replaceSync(next.map((one) => one.getRules()).join('\n'));
  }
}

function adopt(root: Document | ShadowRoot): Mounted {
  const made: Mounted = { sheet: new CSSStyleSheet(), modules: [] };
  root.adoptedStyleSheets = [made.sheet, ...root.adoptedStyleSheets];
  mounted.set(root, made);
  return made;
}

function splitSelector(selector: string): readonly string[] {
  return selector.startsWith('@') ? [selector] : selector.split(/,\s*/);
}

function writeRule(
  rules: string[],
  selectors: readonly string[],
  body: StyleSpec[string],
  options: StyleOptions,
): void {
  const isAt = selectors[0]?.startsWith('@') ?? false;
  if (isAt && body == null) {
    rules.push(`${selectors[0]};`);
    return;
  }
  if (typeof body !== 'object' || body === null) return;
  const isKeyframes = selectors[0]?.startsWith('@keyframes') ?? false;
  const inner: string[] = [];
  for (const [name, value] of Object.entries(body)) {
    if (name.includes('&')) {
      const nested = splitSelector(name).flatMap((part) =>
        selectors.map((selector) => part.replace(/&/, selector)),
      );
      writeRule(rules, nested, value, options);
    } else if (typeof value === 'object' && value !== null) {
      // Only at-rules hold selectors; the steps of keyframes are none.
      writeRule(inner, splitSelector(name), value, isKeyframes ? {} : options);
    } else if (value != null) inner.push(`${propertyName(name)}: ${value};`);
  }
  if (inner.length === 0 && !isKeyframes) return;
  const finished = isAt || options.finish === undefined ? selectors : selectors.map(options.finish);
  rules.push(`${finished.join(', ')} {${inner.join(' ')}}`);
}

/** `fontWeight` is `font-weight`; what follows an underscore only tells two settings of one property apart. */
function propertyName(name: string): string {
  return name.replace(/_.*$/, '').replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
