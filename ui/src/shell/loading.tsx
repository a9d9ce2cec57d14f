import css from './app-shell.module.css';

/** While a page's code arrives, after the half second that most never need. */
export function PageLoading() {
  return (
    <div className={css.loading} role="status">
      <span className="visually-hidden">Loading the page</span>
    </div>
  );
}
