// A console that keeps lines: `append.js <folder> <name> <how many>`.
import { historyFile } from '../../../src/cli/history.js'

const [folder = '', name = '', count = '0'] = process.argv.slice(2)
const history = historyFile(folder)
for (let line = 0; line < Number(count); line++) {
  const why = history.append(`note ${name} ${line}`)
  if (why !== '') throw new Error(why)
}
