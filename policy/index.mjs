// The SDK compiles an entry point in TypeScript itself, with options of its own; what this one imports, Node strips.
import "./pack.ts";
