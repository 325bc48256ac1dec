/** What the default documentation server offers to whoever may do everything there, in its order. */
export const DOCS_TOOLS = ['search_docs', 'read_docs', 'query_docs_filesystem_docs', 'submit_feedback'];
