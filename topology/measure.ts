import anafanafo from "anafanafo";

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Weight = "normal" | "bold";

/** Verdana is the widest of the usual fonts, so what has room in it has room in the others. */
export const fontFamily = "Verdana, 'DejaVu Sans', Geneva, sans-serif";
export const fontSize = 11;
export const lineHeight = 16;

/** The width of a text in a font of this size. */
export function textWidth(text: string, weight: Weight = "normal", size = fontSize): number {
  const width =
    weight === "bold"
      ? (anafanafo(text, { font: "bold 10px Verdana" }) * size) / 10
      : (anafanafo(text, { font: "11px Verdana" }) * size) / 11;
  return Math.ceil(width * 1.02);
}
