module tenantry.local/pause

go 1.26.0
