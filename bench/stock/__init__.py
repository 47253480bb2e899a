"""django-tenants 4.0.1 as its documentation sets it up, over the same tenant apps."""
