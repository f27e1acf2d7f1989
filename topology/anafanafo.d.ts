declare module "anafanafo" {
  /** The width in pixels of a text, for a few fonts and sizes. */
  export default function anafanafo(
    text: string,
    options: { readonly font: "11px Verdana" | "bold 10px Verdana" | "10px Verdana" | "bold 11px Helvetica" },
  ): number;
}
