//! What a caller may do here.

auth::permissions! {
    CatalogRead = "catalog:product:read", "See products, solutions and everything under them.";
    CatalogWrite = "catalog:product:write", "Make and change products, solutions and everything under them.";
    CatalogAdmin = "catalog:product:admin", "Delete and restore products and solutions.";
}
