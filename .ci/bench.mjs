// Builds, then runs bench/<name>.ts. usage: npm run bench -- <name> [--json]; without a name it lists them.
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'

process.chdir(new URL('..', import.meta.url).pathname)

const names = readdirSync('bench')
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replace(/\.ts$/, ''))
  .sort()
const [name, ...flags] = process.argv.slice(2)

if (name === undefined || !names.includes(name)) {
  if (name !== undefined) console.error(`no bench ${name}`)
  console.log(`npm run bench -- <name> [--json]\n${names.map((one) => `  ${one}`).join('\n')}`)
  process.exit(name === undefined ? 0 : 2)
}

if (!flags.includes('--no-build') || !existsSync('dist/tree/bench')) {
  // what the build says must not end up in the JSON
  const { status } = spawnSync(process.execPath, ['.ci/build.mjs', '--tests'], { stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(status ?? 1)
}
const { status } = spawnSync(process.execPath, ['--enable-source-maps', `dist/tree/bench/${name}.js`, ...flags], {
  stdio: 'inherit',
})
process.exit(status ?? 1)
