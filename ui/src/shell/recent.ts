const storageKey = 'bellwether.recent-commands';
const mostRecent = 8;

/** Ids of what was last chosen in the palette, newest first. */
export function recentIds(): readonly string[] {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(storageKey) ?? '[]');
    return Array.isArray(parsed) ? parsed.filter((id) => typeof id === 'string').slice(0, mostRecent) : [];
  } catch {
    return []; // blocked storage or foreign content: no history is a good answer
  }
}

export function rememberRecent(id: string): void {
  const ids = [id, ...recentIds().filter((one) => one !== id)].slice(0, mostRecent);
  try {
    localStorage.setItem(storageKey, JSON.stringify(ids));
  } catch {
    // Blocked or full storage: the palette then starts with the pages.
  }
}
