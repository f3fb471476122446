//! What a caller may do here.

auth::permissions! {
    CustomerRead = "adoption:customer:read", "See customers.";
    CustomerWrite = "adoption:customer:write", "Make and change customers.";
    CustomerAdmin = "adoption:customer:admin", "Delete and restore customers.";
    PlanRead = "adoption:plan:read", "See assignments, plans and their tasks.";
    PlanWrite = "adoption:plan:write", "Assign products, take them back, and make plans.";
    HealthWeightsRead = "adoption:health-weights:read", "See how much each part of a customer's health weighs.";
    HealthWeightsWrite = "adoption:health-weights:write", "Say how much each part of a customer's health weighs.";
    TaskWrite = "adoption:task:write", "Set the status of customer tasks.";
}
