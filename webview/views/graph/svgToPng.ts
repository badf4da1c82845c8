/** An SVG document as PNG, drawn by the browser. */
import type { SvgPicture } from './pictureSvg.ts';

/** What browsers draw at most, pixels a side; a larger picture is scaled down. */
const MOST_SIDE = 16_000;
const MOST_PIXELS = 120e6;
/** Readable on a dense screen. */
const SCALE = 2;

export async function svgToPng({ text, width, height }: SvgPicture): Promise<Uint8Array> {
  const scale = Math.min(
    SCALE,
    MOST_SIDE / Math.max(width, height),
    Math.sqrt(MOST_PIXELS / (width * height)),
  );
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.floor(width * scale));
  canvas.height = Math.max(1, Math.floor(height * scale));
  canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error('The picture is too large to be drawn.');
  return new Uint8Array(await blob.arrayBuffer());
}
