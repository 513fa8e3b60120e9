"""The parts of AWS that Albedo is proved against, as providers for LocalStack."""
