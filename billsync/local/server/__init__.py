"""Parts of every route: the checks of a request, problems, lists, filters, pages, the clock and ids."""
