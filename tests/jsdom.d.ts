declare module "jsdom" {
  /** What the tests use of a document: this program's own types have none. */
  export interface Node {
    readonly textContent: string;
    readonly tagName: string;
    readonly hidden: boolean;
    readonly parentElement: Node | null;
    readonly classList: { contains(name: string): boolean };
    value: string;
    checked: boolean;
    getAttribute(name: string): string | null;
    querySelector(selector: string): Node | null;
    querySelectorAll(selector: string): Iterable<Node>;
    closest(selector: string): Node | null;
    dispatchEvent(event: object): boolean;
    click(): void;
    reset(): void;
  }

  export class JSDOM {
    constructor(text: string, options?: { contentType?: string; runScripts?: "dangerously" });
    readonly window: {
      readonly document: Node;
      readonly Event: new (type: string, options?: { bubbles?: boolean }) => object;
      readonly KeyboardEvent: new (type: string, options?: { bubbles?: boolean; key?: string }) => object;
    };
  }
}
