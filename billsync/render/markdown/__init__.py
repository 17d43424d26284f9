"""The page as Markdown: a comment on a pull or merge request, as GitHub and GitLab show it."""
