"""Running plugins: lifecycle, loading, the context that each plugin gets."""
