/** The version in package.json, which lies one folder higher when ftest runs from dist/: the package's own name finds it in both. */
import { createRequire } from 'node:module';

export const version: string = (createRequire(import.meta.url)('ftest/package.json') as { version: string }).version;
