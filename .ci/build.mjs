// Builds the product into dist/ (bundled); with --tests also everything unbundled into dist/tree/, with --tree only that.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { build } from 'esbuild'

const root = new URL('..', import.meta.url).pathname
process.chdir(root)

/** Entry name in dist/ -> source. Worker and child entries are found beside the bundle by `new URL('./x.js', import.meta.url)`. */
const entries = {
  start: 'src/cli/start.ts',
  index: 'src/index.ts',
  worker: 'src/host/worker.ts',
  'folder-worker': 'src/host/folder/folder-worker.ts',
  'anchor-task': 'src/cli/anchor-task.ts',
}

const common = { platform: 'node', format: 'esm', target: 'node20', jsx: 'automatic', logLevel: 'warning' }

/**
 * The entry that every command loads, in one CommonJS file: linking a dozen modules and making ES module faces of node's own
 * costs a command half of what a bare node start does, and node's ES loader alone a fourteenth. What runs a peer is loaded
 * from `start.js` beside it.
 */
async function entry(outdir) {
  await build({
    ...common,
    entryPoints: { 'p2p-tui': 'src/cli/main.ts' },
    format: 'cjs',
    bundle: true,
    minify: true,
    outdir,
    outExtension: { '.js': '.cjs' },
    external: ['./start.js'],
    alias: {
      'node:child_process': './.ci/lazy-child-process.cjs',
      'msgpackr/unpack': './node_modules/msgpackr/unpack.js',
    },
    define: { 'process.env.NODE_ENV': '"production"' },
  })
}

function sources(folder) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
}

async function bundle(outdir) {
  await build({
    ...common,
    entryPoints: Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(file))),
    bundle: true,
    splitting: true,
    minifySyntax: true,
    minifyWhitespace: true,
    outdir,
    chunkNames: '[name]-[hash]',
    define: { 'process.env.NODE_ENV': '"production"' },
    alias: { 'react-devtools-core': './.ci/empty.mjs' },
    external: ['lmdb', '@napi-rs/blake-hash', 'blessed-contrib', 'blessed-contrib/*', 'msgpackr-extract'],
    banner: {
      js: "import {createRequire as __createRequire} from 'node:module';const require=__createRequire(import.meta.url);",
    },
  })
}

async function tree(outdir) {
  await build({
    ...common,
    entryPoints: ['wire', 'src', 'ui', 'test', 'bench'].flatMap(sources),
    outbase: '.',
    outdir,
    sourcemap: 'inline',
  })
}

function declarations() {
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace(/package\.json$/, 'bin/tsc')
  const args = [tsc, '-p', '.ci/tsconfig.types.json']
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
  if (status !== 0) process.exit(status ?? 1)
}

// Built beside and swapped in, so that a second terminal that starts meanwhile never meets half a build.
const next = `dist.next-${process.pid}`
const old = `dist.old-${process.pid}`
try {
  mkdirSync(next)
  const onlyTree = process.argv.includes('--tree')
  if (!onlyTree) await Promise.all([entry(next), bundle(next)])
  if (onlyTree || process.argv.includes('--tests')) await tree(join(next, 'tree'))
  if (existsSync('dist')) renameSync('dist', old)
  renameSync(next, 'dist')
} finally {
  rmSync(next, { recursive: true, force: true })
  rmSync(old, { recursive: true, force: true })
}
if (process.argv.includes('--types')) declarations()
