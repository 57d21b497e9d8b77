/** What may follow the words of a half-typed `folder`. */
import type { Suggestion } from '../../ui/source.js'
import type { FolderView } from '../api.js'
import { numbered } from './conflicts.js'
import { FOLDER_ACTIONS, KEEP_CHOICES } from './spec.js'

const plain = (values: readonly string[]): readonly Suggestion[] => values.map((value) => ({ value }))

/** `words`: those after the command that are finished. */
export function folderWords(words: readonly string[], folder: FolderView | undefined): readonly Suggestion[] {
  const [action, what, which] = words.map((word) => word.toLowerCase())
  if (action === undefined) return plain(FOLDER_ACTIONS)
  if (action === 'restore') return words.length > 1 ? [] : plain(replaced(folder))
  if (action !== 'conflicts') return []
  if (what === undefined) return plain(['show', 'keep'])
  if (what !== 'show' && what !== 'keep') return []
  if (which === undefined)
    return numbered(folder?.conflicts ?? []).map(({ path }, index) => ({ value: String(index + 1), note: path }))
  return what === 'keep' && words.length === 3 ? plain(KEEP_CHOICES) : []
}

/** The newest first: of these the trash has an older version. */
function replaced(folder: FolderView | undefined): readonly string[] {
  const lost = (folder?.changes ?? []).filter(({ what }) => what !== 'added' && what !== 'restored')
  return [...new Set(lost.map(({ path }) => path))]
}
