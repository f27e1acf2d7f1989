import { h, type ComponentChildren, type VNode } from "preact";
import { render } from "preact-render-to-string";

export type { VNode as Element };

type Attribute = string | number | boolean | undefined;

/** An element of SVG or HTML; whatever is put into it is escaped. */
export function element(
  name: string,
  attributes: Readonly<Record<string, Attribute>>,
  ...children: ComponentChildren[]
): VNode {
  return h(name, attributes, ...children);
}

/** A style or script element, whose text is ours and stays as it is. */
export function raw(
  name: "style" | "script",
  text: string,
  attributes: Readonly<Record<string, Attribute>> = {},
): VNode {
  const content: object = { ...attributes, dangerouslySetInnerHTML: { __html: text } };
  return h(name, content);
}

export function markup(tree: VNode): string {
  return render(tree);
}

/** The names that are given, as a class attribute. */
export function classes(...names: readonly (string | undefined)[]): string {
  return names.filter((name) => name !== undefined).join(" ");
}
