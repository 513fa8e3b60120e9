"""Resource Groups Tagging API: GetResources over everything that the services here hold."""
