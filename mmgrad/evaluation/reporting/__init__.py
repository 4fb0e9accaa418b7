"""Reports. In: metrics. Out: JSON, Markdown tables and plots."""
