export { generatedFiles } from "./files.ts";
