/**
 * Data links carry files or the shared folder, and do not say which when they open: the first message tells. Invariant: all
 * messages of one link go to the same protocol.
 */
import { folderMessages } from '../wire/messages/folder.js'
import type { Message } from '../wire/messages.js'
import type { Link, LinkHandler } from './env.js'

export interface DataTakers {
  /** A link that carries files. */
  files(link: Link): LinkHandler
  /** Null: this peer has none, and says so to whoever asks. */
  readonly folder: ((link: Link) => LinkHandler) | null
}

/** For one data link; whoever takes it hears of it from its first message on. */
export function dispatchData(takers: DataTakers): LinkHandler {
  let taker: LinkHandler | null = null
  const take = (link: Link, message: Message): LinkHandler => {
    if (!(message.type in folderMessages)) return takers.files(link)
    return takers.folder === null ? NO_FOLDER : takers.folder(link)
  }
  return {
    message: (link, message) => {
      taker ??= take(link, message)
      taker.message(link, message)
    },
    drained: (link) => taker?.drained(link),
    closed: (...end) => taker?.closed(...end),
  }
}

/** No breach: it had one when its versions were told. */
const NO_FOLDER: LinkHandler = {
  message: (link) => link.close('normal', 'this peer shares no folder now'),
  drained: () => {},
  closed: () => {},
}
