/** What the API takes, and how much of it. */
export const imageTypes = ["image/png", "image/jpeg", "image/webp", "image/gif"] as const;
const maxImageBytes = 8 * 1024 * 1024;
export const maxImages = 4;

export type ImageTaken =
  | { readonly kind: "image"; readonly url: string }
  | { readonly kind: "refused"; readonly says: string };

/** An image as the `data:` URL that a request carries. */
export async function imageOf(file: File): Promise<ImageTaken> {
  if (!imageTypes.some((type) => type === file.type))
    return { kind: "refused", says: `“${file.name}” is no PNG, JPEG, WebP or GIF image.` };
  if (file.size > maxImageBytes)
    return { kind: "refused", says: `“${file.name}” is larger than 8 MiB. Make it smaller and try again.` };
  return { kind: "image", url: dataUrlOf(new Uint8Array(await file.arrayBuffer()), file.type) };
}

const bytesPerPiece = 0x8000;

function dataUrlOf(bytes: Uint8Array, type: string): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += bytesPerPiece)
    binary += String.fromCharCode(...bytes.subarray(at, at + bytesPerPiece));
  return `data:${type};base64,${btoa(binary)}`;
}
