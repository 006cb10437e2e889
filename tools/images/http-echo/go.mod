module tenantry.dev/http-echo

go 1.24
