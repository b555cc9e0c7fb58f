const [QUOTE, BACKSLASH, COLON, COMMA] = [0x22, 0x5c, 0x3a, 0x2c];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

/** The member that holds the elements. */
const FEATURES = "features";

/** Characters that one element, or what is around them all, may have: what fits into a string. */
export const LONGEST_ELEMENT = 1 << 28;

/**
 * Cuts JSON text into the elements of its array of features as the text comes in.
 *
 * The array is the member `features` of a root object, or the root itself. What is around it,
 * with the array left empty, is the shell: for a file of a single Feature or geometry that is all.
 * Looks at brackets and strings only: an element has to be parsed to be known as JSON. Throws
 * RangeError where an element or the shell grows beyond {@link LONGEST_ELEMENT}.
 */
export class FeatureSplitter {
  private shell = "";
  private element = "";
  private depth = 0;
  /** Depth of the elements of the array of features while inside it, else −1. */
  private elementDepth = -1;
  private inString = false;
  private escaped = false;
  private started = false;
  /** The last string seen directly inside the root object: a key when a colon follows. */
  private word = "";
  private key = "";
  /** Places between commas that hold nothing. */
  private gaps = 0;
  private afterComma = false;

  /** Takes the next text and returns the elements that are complete now. */
  push(text: string): string[] {
    const elements: string[] = [];
    let from = 0;
    const flush = (to: number): void => {
      const slice = text.slice(from, to);
      if (this.elementDepth >= 0) this.element += slice;
      else this.shell += slice;
      if (this.element.length > LONGEST_ELEMENT || this.shell.length > LONGEST_ELEMENT) {
        throw new RangeError(`more than ${LONGEST_ELEMENT} characters belong together`);
      }
      from = to;
    };
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (this.inString) {
        this.insideString(code, text[i]!);
        continue;
      }
      switch (code) {
        case QUOTE:
          this.inString = true;
          if (this.depth === 1) this.word = "";
          break;
        case COLON:
          if (this.depth === 1) this.key = this.word;
          break;
        case OPEN_OBJECT:
        case OPEN_ARRAY: {
          const features =
            code === OPEN_ARRAY &&
            this.elementDepth < 0 &&
            (this.started ? this.depth === 1 && this.key === FEATURES : true);
          this.started = true;
          this.depth++;
          if (features) {
            flush(i + 1);
            this.elementDepth = this.depth;
            this.afterComma = false;
          }
          break;
        }
        case COMMA:
          if (this.depth === this.elementDepth) {
            flush(i);
            from = i + 1;
            this.take(elements, true);
          }
          break;
        case CLOSE_OBJECT:
        case CLOSE_ARRAY:
          if (this.depth === this.elementDepth) {
            flush(i);
            this.take(elements, false);
            this.elementDepth = -1;
            // A second array of this name, or one further in, is not the one.
            this.key = "";
          }
          this.depth--;
          break;
      }
    }
    flush(text.length);
    return elements;
  }

  /** Ends the text: what was around the elements, whether all is closed, and how many places were empty. */
  end(): { readonly shell: string; readonly complete: boolean; readonly gaps: number } {
    const complete = this.started && this.depth === 0 && !this.inString;
    return { shell: this.shell, complete, gaps: this.gaps };
  }

  private insideString(code: number, character: string): void {
    if (this.escaped) {
      this.escaped = false;
    } else if (code === BACKSLASH) {
      this.escaped = true;
    } else if (code === QUOTE) {
      this.inString = false;
    } else if (this.depth === 1 && this.word.length <= FEATURES.length) {
      // Enough to tell the key from others: a text put together by characters takes 32 bytes for each.
      this.word += character;
    }
  }

  private take(elements: string[], comma: boolean): void {
    if (this.element.trim() !== "") elements.push(this.element);
    else if (comma || this.afterComma) this.gaps++;
    this.element = "";
    this.afterComma = comma;
  }
}
