/** The colours of one scheme. */
export interface Palette {
  readonly page: string;
  readonly box: string;
  readonly frame: string;
  readonly border: string;
  readonly ink: string;
  readonly muted: string;
  readonly gateway: string;
  readonly podToPod: string;
  readonly federated: string;
  readonly added: string;
  readonly removed: string;
  readonly changed: string;
}

/** Every colour of text and lines has a contrast of at least 4.5 with the page and the boxes. */
export const light: Palette = {
  page: "#ffffff",
  box: "#f4f6f9",
  frame: "#ffffff",
  border: "#6b7683",
  ink: "#14181d",
  muted: "#515c68",
  gateway: "#0a58ad",
  podToPod: "#7a3db8",
  federated: "#a34100",
  added: "#156b2c",
  removed: "#b3202c",
  changed: "#7d5a00",
};

export const dark: Palette = {
  page: "#0e1217",
  box: "#1a2029",
  frame: "#0e1217",
  border: "#8a95a3",
  ink: "#eef2f6",
  muted: "#a8b3bf",
  gateway: "#79b8ff",
  podToPod: "#d2a8ff",
  federated: "#ffa657",
  added: "#6fdd8b",
  removed: "#ff8d86",
  changed: "#e8c15a",
};
