import { withoutEncrypted } from "../settings/encrypted.ts";
import { parseSettings } from "../settings/parse.ts";
import type { Settings } from "../settings/settings.ts";
import { parseStackFile } from "./stack-file.ts";

const prefix = "mesh:";

/**
 * The settings that a stack file describes, without the engine: of secrets only that they are there is known.
 *
 * @throws SettingsError with every problem, as the engine would find them.
 */
export function stackSettings(text: string): Settings {
  const { config = {} } = parseStackFile(text);
  const own = Object.entries(config)
    .filter(([key]) => key.startsWith(prefix))
    .map(([key, value]) => [key.slice(prefix.length), typeof value === "number" ? value.toString() : value]);
  return parseSettings(withoutEncrypted(Object.fromEntries(own)));
}
