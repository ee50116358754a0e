// Run by binaries.test.ts as a process of its own: node build-tiny.ts MODULES CACHE
import { ensureFrom } from '../../testbed/binaries/ensure-binaries.ts';
import { tinySources } from './tiny-module.ts';

const [modules = '', cacheRoot = ''] = process.argv.slice(2);
const { tiny } = await ensureFrom(tinySources(modules, cacheRoot), ['tiny'], (line) => console.log(line));
console.log(`path ${tiny}`);
