"""The queue: violations go to a named officer, who follows each until a person has decided it."""
