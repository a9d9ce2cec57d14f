type State =
  | 'text'
  | 'open'
  | 'name'
  | 'tag'
  | 'attributeName'
  | 'afterAttributeName'
  | 'beforeValue'
  | 'double'
  | 'single'
  | 'unquoted'
  | 'comment'
  | 'declaration'
  | 'raw';

/** What a value in the attribute may be. */
export type AttributeKind = 'plain' | 'url' | 'style' | 'refused';

const URL_ATTRIBUTES = new Set([
  'action',
  'archive',
  'background',
  'cite',
  'classid',
  'codebase',
  'data',
  'formaction',
  'href',
  'icon',
  'longdesc',
  'manifest',
  'ping',
  'poster',
  'profile',
  'src',
  'usemap',
  'xmlns',
]);
const RAW_ELEMENTS = new Set([
  'script',
  'style',
  'iframe',
  'noembed',
  'noframes',
  'noscript',
  'plaintext',
  'template',
  'xmp',
]);
const BLANK = /[ \t\r\n\f]/;
const LETTER = /[a-zA-Z]/;
/** Longest name and address prefix that is remembered; longer ones are of no use to anyone. */
const MAX_NAME_LENGTH = 64;
const MAX_ADDRESS_LENGTH = 2048;

/**
 * Where in an HTML document the text read so far ends. A small part of the HTML standard's tokenizer: when in doubt it is rather
 * inside a tag than outside.
 */
export class HtmlPlace {
  #state: State = 'text';
  #element = '';
  #attribute = '';
  #address = '';
  #isClosing = false;
  /** End of what was read, to find the end of comments and raw elements. */
  #tail = '';

  /** Text that is taken as it is. */
  read(text: string): void {
    let at = 0;
    while (at < text.length) {
      if (this.#state === 'text') {
        // The usual long stretch of text needs no look at every character.
        const open = text.indexOf('<', at);
        if (open < 0) return;
        this.#state = 'open';
        this.#element = '';
        this.#isClosing = false;
        this.#tail = '<';
        at = open + 1;
      } else this.#step(text[at++]!);
    }
  }

  /** A value that was written escaped inside a tag. */
  readValue(text: string): void {
    if (this.#isInValue) this.#address = (this.#address + text).slice(0, MAX_ADDRESS_LENGTH);
    if (this.#state === 'name' || this.#state === 'open') {
      this.#state = 'name';
      this.#element = this.#remember(this.#element, text);
    }
    if (this.#state === 'attributeName') this.#attribute = this.#remember(this.#attribute, text);
  }

  /** What a value at this place has to be. */
  forValue(): 'text' | 'attribute' | 'comment' | 'refused' {
    switch (this.#state) {
      case 'text':
        return 'text';
      case 'comment':
        return 'comment';
      case 'beforeValue':
        this.#beginValue('unquoted');
        return 'attribute';
      case 'double':
      case 'single':
      case 'unquoted':
        return 'attribute';
      case 'tag':
      case 'afterAttributeName':
        this.#state = 'attributeName';
        this.#attribute = '';
        return 'refused';
      default:
        return 'refused';
    }
  }

  get isQuoted(): boolean {
    return this.#state !== 'unquoted';
  }

  get attributeKind(): AttributeKind {
    const name = this.#attribute.toLowerCase().replace(/^(data-|[a-z]+:)/, '');
    if (/^on/.test(name) || name === 'srcset' || name === 'srcdoc' || name === 'imagesrcset')
      return 'refused';
    if (name === 'style') return 'style';
    return URL_ATTRIBUTES.has(name) || /src|uri|url/.test(name) ? 'url' : 'plain';
  }

  /** The attribute's value up to here. */
  get address(): string {
    return this.#address;
  }

  get isBehindQuestionMark(): boolean {
    return /[?#]/.test(this.#address);
  }

  get #isInValue(): boolean {
    return this.#state === 'double' || this.#state === 'single' || this.#state === 'unquoted';
  }

  #step(character: string): void {
    const state = this.#state;
    if (state === 'open') this.#stepOpen(character);
    else if (state === 'name') this.#stepName(character);
    else if (state === 'raw') this.#stepRaw(character);
    else if (state === 'beforeValue') this.#stepBeforeValue(character);
    else if (this.#isInValue) this.#stepValue(character);
    else if (state === 'comment') this.#state = this.#endsWith(character, '-->') ? 'text' : state;
    else if (state === 'declaration') this.#stepDeclaration(character);
    else this.#stepTag(character);
  }

  #stepDeclaration(character: string): void {
    if (this.#endsWith(character, '<!--')) this.#state = 'comment';
    else if (character === '>') this.#state = 'text';
  }

  #stepOpen(character: string): void {
    if (character === '!' || character === '?') {
      this.#state = 'declaration';
      this.#tail = `<${character}`;
    } else if (character === '/' && !this.#isClosing) this.#isClosing = true;
    else if (LETTER.test(character)) {
      this.#state = 'name';
      this.#element = character;
    } else if (character === '<') this.#isClosing = false;
    else this.#state = 'text';
  }

  #stepName(character: string): void {
    if (character === '>') this.#leaveTag();
    else if (BLANK.test(character) || character === '/') this.#state = 'tag';
    else this.#element = this.#remember(this.#element, character);
  }

  /** Between and in attribute names. */
  #stepTag(character: string): void {
    const isInName = this.#state === 'attributeName';
    if (character === '>') this.#leaveTag();
    else if (character === '=' && this.#state !== 'tag') this.#state = 'beforeValue';
    else if (BLANK.test(character)) this.#state = isInName ? 'afterAttributeName' : this.#state;
    else if (character === '/') this.#state = 'tag';
    else {
      this.#state = 'attributeName';
      this.#attribute = isInName ? this.#remember(this.#attribute, character) : character;
    }
  }

  #stepBeforeValue(character: string): void {
    if (BLANK.test(character)) return;
    if (character === '>') this.#leaveTag();
    else if (character === '"') this.#beginValue('double');
    else if (character === "'") this.#beginValue('single');
    else {
      this.#beginValue('unquoted');
      this.#stepValue(character);
    }
  }

  #beginValue(state: 'double' | 'single' | 'unquoted'): void {
    this.#state = state;
    this.#address = '';
  }

  #stepValue(character: string): void {
    if (this.#state === 'double' && character === '"') this.#state = 'tag';
    else if (this.#state === 'single' && character === "'") this.#state = 'tag';
    else if (this.#state === 'unquoted' && BLANK.test(character)) this.#state = 'tag';
    else if (this.#state === 'unquoted' && character === '>') this.#leaveTag();
    else if (this.#address.length < MAX_ADDRESS_LENGTH) this.#address += character;
  }

  #leaveTag(): void {
    const isRaw = !this.#isClosing && RAW_ELEMENTS.has(this.#element.toLowerCase());
    this.#state = isRaw ? 'raw' : 'text';
    this.#tail = '';
  }

  #stepRaw(character: string): void {
    const end = `</${this.#element.toLowerCase()}`;
    this.#tail = (this.#tail + character.toLowerCase()).slice(-end.length - 1);
    const isEnd =
      this.#tail.startsWith(end) && (character === '>' || character === '/' || BLANK.test(character));
    if (!isEnd) return;
    this.#isClosing = true;
    this.#stepName(character);
  }

  #endsWith(character: string, end: string): boolean {
    this.#tail = (this.#tail + character).slice(-end.length);
    return this.#tail === end;
  }

  #remember(name: string, more: string): string {
    return (name + more).slice(0, MAX_NAME_LENGTH);
  }
}
